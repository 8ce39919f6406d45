// whisper.cpp as it is, and one function beside its own: it decodes several tokens at once and gives the logits behind each of
// them, where whisper_decode_with_state gives those behind the last. With it a transcript that is foretold is checked in one go.
#include "whisper.cpp"

int parley_whisper_decode_rows(whisper_context* context, whisper_state* state, whisper_token const* tokens, int count, int past,
                               int threads) {
  whisper_batch_prep_legacy(state->batch, tokens, count, past, 0);
  std::fill_n(state->batch.logits, count, static_cast<int8_t>(1));
  whisper_kv_cache_seq_rm(state->kv_self, 0, past, -1);
  return whisper_decode_internal(*context, *state, state->batch, threads, false, nullptr, nullptr) ? 0 : 1;
}

#pragma once
// The event numbers that frames carry; the union of those of synthesis and of the realtime dialogue.
#include <cstdint>

namespace parley::cloud::volcengine::event {

inline constexpr std::int32_t
    // from the client
    start_connection = 1,
    finish_connection = 2, start_session = 100, cancel_session = 101, finish_session = 102, task_request = 200,
    update_config = 201, say_hello = 300, end_asr = 400, chat_tts_text = 500, chat_text_query = 501, chat_rag_text = 502,
    conversation_update = 511, client_interrupt = 515,
    // from the service
    connection_started = 50, connection_failed = 51, connection_finished = 52, session_started = 150, session_canceled = 151,
    session_finished = 152, session_failed = 153, usage_response = 154, config_updated = 251, tts_sentence_start = 350,
    tts_sentence_end = 351, tts_response = 352, tts_ended = 359, tts_subtitle = 364, asr_info = 450, asr_response = 451,
    asr_ended = 459, chat_response = 550, chat_text_query_confirmed = 553, chat_ended = 559, conversation_updated = 568,
    dialog_common_error = 599;

}  // namespace parley::cloud::volcengine::event

namespace parley::cloud::volcengine {

/// Those about the connection; all others belong to a session and carry its id.
[[nodiscard]] constexpr bool is_connection_event(std::int32_t event) {
  return event == event::start_connection || event == event::finish_connection || event == event::connection_started ||
         event == event::connection_failed || event == event::connection_finished;
}

}  // namespace parley::cloud::volcengine

"""LlamaIndex talks to a running `parley serve`, as to any server of OpenAI's kind.

    PARLEY_URL=http://127.0.0.1:8080 python tests/clients/test_llama_index.py
"""

import client_venv

client_venv.enter("llama-index-llms-openai-like==0.8.1", "llama-index-embeddings-openai-like==0.4.0", place="venv-clients-llama-index")

import os
import unittest

from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike

URL = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080").rstrip("/")
KEY = os.environ.get("PARLEY_KEY", "none-needed")


class LlamaIndex(unittest.TestCase):
    def setUp(self):
        self.model = OpenAILike(model="default", api_base=f"{URL}/v1", api_key=KEY, is_chat_model=True, temperature=0, max_tokens=30, timeout=120)

    def test_chat_whole_and_streamed(self):
        asked = [ChatMessage(role="user", content="中国的首都是哪座城市？")]
        self.assertIn("北京", self.model.chat(asked).message.content)
        self.assertIn("北京", "".join(piece.delta or "" for piece in self.model.stream_chat(asked)))

    def test_complete(self):
        self.assertIn("Paris", self.model.complete("What is the capital of France?").text)

    def test_embeddings(self):
        model = OpenAILikeEmbedding(model_name="default", api_base=f"{URL}/v1", api_key=KEY)
        documents = model.get_text_embedding_batch(["怎么退货？", "When does the shop open?"])
        question = model.get_query_embedding("What are the opening hours?")
        near = [sum(x * y for x, y in zip(question, each)) for each in documents]
        self.assertGreater(near[1], near[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)

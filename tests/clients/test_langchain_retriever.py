"""The retriever that docs/knowledge.md shows, with the real langchain-core, against a running server.

    PARLEY_URL=http://127.0.0.1:8080 python tests/clients/test_langchain_retriever.py
"""

import client_venv

client_venv.enter("langchain-core==1.8.3", "requests==2.34.2", place="venv-langchain-retriever")

import os
import pathlib
import re
import unittest

import requests

URL = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080").rstrip("/")
DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/knowledge.md"


def shown():
    """The class as the page has it."""
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if "BaseRetriever" in block]
    names = {}
    exec(code, names)
    return names["Parley"]


class Retriever(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for path, text in (("returns", "退货期是七天。运费由小店承担。"), ("hours", "We are open from nine to six on weekdays.")):
            reply = requests.post(f"{URL}/v1/knowledge/documents", json={"base": "langchain", "path": path, "text": text}, timeout=30)
            reply.raise_for_status()

    @classmethod
    def tearDownClass(cls):
        for path in ("returns", "hours"):
            requests.delete(f"{URL}/v1/knowledge/documents", params={"base": "langchain", "path": path}, timeout=30)

    def test_documents_come_with_their_place(self):
        from langchain_core.documents import Document

        retriever = shown()(url=URL, base="langchain")
        for question, path, words in (("退货期是几天？", "returns", "七天"), ("open on weekdays", "hours", "nine to six")):
            found = retriever.invoke(question)
            self.assertIsInstance(found[0], Document)
            self.assertIn(words, found[0].page_content)
            self.assertEqual(found[0].metadata["path"], path)
            self.assertEqual(found[0].metadata["begin"], 0)

    def test_no_hit_is_an_empty_list_and_a_mistake_an_error(self):
        self.assertEqual(shown()(url=URL, base="langchain").invoke("zzz qqq"), [])
        with self.assertRaises(requests.HTTPError):
            shown()(url=URL, base="nowhere").invoke("anything")

    def test_it_composes(self):
        from langchain_core.runnables import RunnableLambda

        chain = shown()(url=URL, base="langchain") | RunnableLambda(lambda found: [one.page_content for one in found])
        self.assertIn("退货期是七天", chain.batch(["退货期是几天？"])[0][0])


if __name__ == "__main__":
    unittest.main()

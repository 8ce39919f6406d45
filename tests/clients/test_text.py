"""Other people's clients of text serving talk to a running `parley serve`: the openai package, LangChain, curl.

    PARLEY_URL=http://127.0.0.1:8080 python tests/clients/test_text.py

PARLEY_KEY: an API key, when the server wants one.
"""

import client_venv

client_venv.enter(*client_venv.TEXT, place="venv-clients-text")

import json
import os
import pathlib
import re
import subprocess
import threading
import time
import unittest

import openai
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

URL = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080").rstrip("/")
KEY = os.environ.get("PARLEY_KEY", "none-needed")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    },
}


def say(text):
    return [{"role": "user", "content": text}]


class OpenAI(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=120)
        self.addCleanup(self.client.close)

    def chat(self, text, **more):
        return self.client.chat.completions.create(model="default", messages=say(text), **{"temperature": 0, "max_tokens": 40, **more})

    def test_models(self):
        self.assertIn("default", [model.id for model in self.client.models.list()])

    def test_whole_and_streamed_say_the_same_in_both_languages(self):
        for question, wanted in (("What is the capital of France?", "Paris"), ("中国的首都是哪座城市？", "北京")):
            whole = self.chat(question)
            self.assertIn(wanted, whole.choices[0].message.content)
            self.assertEqual(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens)
            chunks = list(self.chat(question, stream=True, stream_options={"include_usage": True}))
            self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            self.assertIn(wanted, text)
            self.assertEqual(chunks[-1].usage.prompt_tokens, whole.usage.prompt_tokens)
            self.assertIn(chunks[-2].choices[0].finish_reason, ("stop", "length"))

    def test_limits_and_stops(self):
        cut = self.chat("Count from one to one hundred.", max_completion_tokens=5)
        self.assertEqual((cut.choices[0].finish_reason, cut.usage.completion_tokens), ("length", 5))
        stopped = self.chat("Say exactly: one two three four", stop=["three"])
        self.assertNotIn("three", stopped.choices[0].message.content)
        self.assertEqual(stopped.choices[0].finish_reason, "stop")

    def test_several_answers(self):
        several = self.chat("Name a colour.", n=3, temperature=1, seed=7, max_tokens=8)
        self.assertEqual([choice.index for choice in several.choices], [0, 1, 2])
        self.assertLessEqual(several.usage.completion_tokens, 24)

    def test_a_schema_is_obeyed(self):
        schema = {
            "type": "object",
            "properties": {"姓名": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}, "sex": {"enum": ["男", "女"]}},
            "required": ["姓名", "age", "sex"],
            "additionalProperties": False,
        }
        form = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": schema}}
        for temperature in (0, 1.5):
            answer = self.chat("小明是一个七岁的男孩。请介绍他。", response_format=form, max_tokens=200, temperature=temperature, seed=3)
            person = json.loads(answer.choices[0].message.content)
            self.assertEqual(list(person), ["姓名", "age", "sex"])
            self.assertIsInstance(person["age"], int)
        free = self.chat("Give me a JSON object about a cat.", response_format={"type": "json_object"}, max_tokens=300)
        if free.choices[0].finish_reason == "stop":
            self.assertIsInstance(json.loads(free.choices[0].message.content), dict)

    def test_a_tool_is_called_and_its_result_read(self):
        question = say("What is the weather in Paris?")
        called = self.client.chat.completions.create(model="default", messages=question, tools=[WEATHER], tool_choice="required", temperature=0)
        self.assertEqual(called.choices[0].finish_reason, "tool_calls")
        call = called.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "get_weather")
        self.assertIn("Paris", json.loads(call.function.arguments)["city"])
        result = {"role": "tool", "tool_call_id": call.id, "content": '{"weather": "sunny", "celsius": 31}'}
        told = self.client.chat.completions.create(
            model="default", messages=[*question, called.choices[0].message, result], tools=[WEATHER], temperature=0, max_tokens=60
        )
        self.assertIn("31", told.choices[0].message.content or "")

    def test_logprobs(self):
        answer = self.chat("Say yes.", logprobs=True, top_logprobs=2, max_tokens=3)
        tokens = answer.choices[0].logprobs.content
        self.assertEqual(len(tokens), answer.usage.completion_tokens if answer.choices[0].finish_reason == "length" else len(tokens))
        self.assertTrue(all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens))
        self.assertEqual(tokens[0].token, tokens[0].top_logprobs[0].token)

    def test_completions(self):
        both = self.client.completions.create(model="default", prompt=["def add(a, b):\n    return", "1, 2, 3, 4,"], max_tokens=6, temperature=0)
        self.assertIn("a + b", both.choices[0].text)
        self.assertIn("5", both.choices[1].text)
        streamed = self.client.completions.create(model="default", prompt="1, 2, 3, 4,", max_tokens=6, temperature=0, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in streamed), both.choices[1].text)

    def test_mistakes_name_their_field(self):
        for more, param in (({"temperature": 9}, "temperature"), ({"max_tokens": -1}, "max_tokens"), ({"n": 1000}, "n")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat("hi", **more)
            self.assertEqual(caught.exception.param, param)
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.chat.completions.create(model="gpt-nothing", messages=say("hi"))
        self.assertEqual((caught.exception.code, caught.exception.param), ("model_not_found", "model"))
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat("长" * 20000)
        self.assertEqual((caught.exception.code, caught.exception.param), ("context_length_exceeded", "messages"))


class LangChain(unittest.TestCase):
    def setUp(self):
        self.model = ChatOpenAI(model="default", base_url=f"{URL}/v1", api_key=KEY, temperature=0, max_tokens=40)

    def test_invoke_and_stream(self):
        asked = [SystemMessage("你用一句话回答。"), HumanMessage("中国的首都是哪座城市？")]
        whole = self.model.invoke(asked)
        self.assertIn("北京", whole.content)
        self.assertGreater(whole.usage_metadata["output_tokens"], 0)
        self.assertIn("北京", "".join(chunk.content for chunk in self.model.stream(asked)))

    def test_tools_and_structured_output(self):
        called = self.model.bind_tools([WEATHER], tool_choice="get_weather").invoke("What is the weather in Rome?")
        self.assertEqual(called.tool_calls[0]["name"], "get_weather")
        shape = {"title": "colour", "type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"], "additionalProperties": False}
        self.assertIn("colour", self.model.with_structured_output(shape, method="json_schema", strict=True).invoke("The sky is blue."))


def curl(path, body, *more):
    command = ["curl", "-sN", *more, f"{URL}{path}", "-H", f"Authorization: Bearer {KEY}", "-d", json.dumps(body)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


class Curl(unittest.TestCase):
    def test_generate(self):
        answer = json.loads(curl("/generate", {"prompt": "生成300字的产品说明书", "max_tokens": 20}))
        self.assertEqual(sorted(answer), ["finish_reason", "latency_ms", "text", "usage"])
        self.assertEqual((answer["finish_reason"], answer["usage"]["completion_tokens"]), ("length", 20))
        self.assertTrue(any("\u4e00" <= c <= "\u9fff" for c in answer["text"]))

    def test_a_stream_is_lines_that_end_with_done(self):
        lines = [line for line in curl("/generate", {"prompt": "Say hi.", "max_tokens": 8, "stream": True}).split("\n\n") if line]
        self.assertEqual(lines[-1], "data: [DONE]")
        self.assertIn("latency_ms", json.loads(lines[-2].removeprefix("data: ")))

    def test_the_dashboard_asks_for_metrics_there_are(self):
        curl("/generate", {"prompt": "Say hi.", "max_tokens": 2})
        told = subprocess.run(["curl", "-s", f"{URL}/metrics", "-H", f"Authorization: Bearer {KEY}"], capture_output=True, text=True, check=True).stdout
        dashboard = (pathlib.Path(__file__).resolve().parents[2] / "deploy/grafana/text-serving.json").read_text()
        for name in set(re.findall(r"(?:gen_ai_|vllm:)\w+", dashboard)):
            self.assertIn(f"\n{name}{{", told)

    def test_an_old_client(self):
        self.assertIn("data: [DONE]", curl("/v1/completions", {"prompt": "1, 2,", "max_tokens": 4, "stream": True}, "--http1.0"))

    def test_who_hangs_up_makes_room_for_the_others(self):
        body = json.dumps({"messages": say("Count from one to one thousand, in words."), "max_tokens": 2000, "stream": True})
        command = ["curl", "-sN", f"{URL}/v1/chat/completions", "-H", f"Authorization: Bearer {KEY}", "-d", body]
        callers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(16)]
        for caller in callers[:4]:
            caller.stdout.readline()
        for caller in callers:
            caller.kill()
            caller.wait()
            caller.stdout.close()
        began = time.monotonic()
        curl("/generate", {"prompt": "Say hi.", "max_tokens": 2})
        self.assertLess(time.monotonic() - began, 20, "the cancelled answers are still being written")

    def test_streams_side_by_side_do_not_mix(self):
        answers = {}

        def ask(word):
            answers[word] = json.loads(curl("/generate", {"prompt": f"Repeat this word and nothing else: {word}", "max_tokens": 12, "temperature": 0}))["text"]

        words = ["banana", "窗户", "Helsinki", "苹果"]
        threads = [threading.Thread(target=ask, args=(word,)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for word in words:
            self.assertIn(word, answers[word])


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""Load in the field's convention, on `/generate` with a Bearer token.

    PARLEY_KEY=sk-… locust -f bench/locustfile.py --headless -u 120 -r 60 -t 2m --host http://127.0.0.1:8080 \\
        --csv out/load --html out/load.html

Every user asks once in two seconds, so that 120 users are 60 requests a second. The exit code says whether P99 < 2 s,
more than 50 requests/s and fewer than 0.1 % errors held; another bound comes by the environment.
"""
import os

from locust import HttpUser, constant_throughput, events, task

P99_MS = float(os.environ.get("LOAD_P99_MS", 2000))
LEAST_RATE = float(os.environ.get("LOAD_LEAST_RATE", 50))
MOST_ERRORS = float(os.environ.get("LOAD_MOST_ERRORS", 0.001))


class Writer(HttpUser):
    wait_time = constant_throughput(0.5)

    def on_start(self):
        key = os.environ.get("PARLEY_KEY")
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    @task
    def generate(self):
        body = {"prompt": "生成300字的产品说明书", "max_tokens": 400}
        with self.client.post("/generate", json=body, headers=self.headers, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
            elif not answer.json().get("text"):
                answer.failure("an answer without text")


@events.quitting.add_listener
def verdict(environment, **_):
    total = environment.stats.total
    p99 = total.get_response_time_percentile(0.99) or 0
    held = {
        f"P99 {p99:.0f} ms < {P99_MS:.0f} ms": p99 < P99_MS,
        f"{total.total_rps:.1f} requests/s > {LEAST_RATE:.0f}": total.total_rps > LEAST_RATE,
        f"{100 * total.fail_ratio:.3f} % errors < {100 * MOST_ERRORS:.1f} %": total.fail_ratio < MOST_ERRORS,
    }
    for what, good in held.items():
        print(("met      " if good else "NOT MET  ") + what)
    environment.process_exit_code = 0 if all(held.values()) else 1

"""What a fresh process pays, printed as JSON: `python -m benchmarks.contenders.fresh_start WHAT`.

`import`: seconds of CPU and wall for `import zeridion_flare`, and how many modules came with it.
`client`: seconds for the first and (as the mean of a hundred) for a later client.
`answer PORT`: seconds from the import to the first job fetched from the benchmark's peer.
Standard library only, and as little of it as possible: what is imported here is not counted.
"""

import sys
import time


def measure_import() -> dict[str, float]:
    """Import the package and its client class (some packages load names when first used)."""
    before = len(sys.modules)
    wall, cpu = time.perf_counter(), time.process_time()
    import zeridion_flare

    bare = time.perf_counter() - wall
    bare_cpu = time.process_time() - cpu
    bare_modules = len(sys.modules) - before
    _ = zeridion_flare.FlareClient
    return {
        "wall": bare,
        "cpu": bare_cpu,
        "modules": bare_modules,
        "with_client_wall": time.perf_counter() - wall,
        "with_client_cpu": time.process_time() - cpu,
        "with_client_modules": len(sys.modules) - before,
    }


def measure_client() -> dict[str, float]:
    """Construct clients, never using them; then what the first use of one adds is not counted."""
    from zeridion_flare import FlareClient

    def construct() -> float:
        started = time.perf_counter()
        client = FlareClient(
            api_key="zf_test_sk_0123456789abcdef0123456789abcdef",
            base_url="http://127.0.0.1:9/flare/v1",
        )
        taken = time.perf_counter() - started
        client.close()
        return taken

    return {"first": construct(), "later": sum(construct() for _ in range(100)) / 100}


def measure_answer() -> dict[str, float]:
    """Import, construct, fetch one job: what a short script pays, whatever is loaded when."""
    wall, cpu = time.perf_counter(), time.process_time()
    from zeridion_flare import FlareClient

    client = FlareClient(
        api_key="zf_test_sk_0123456789abcdef0123456789abcdef",
        base_url=f"http://127.0.0.1:{sys.argv[2]}/flare/v1",
    )
    assert client.get_job("job_01JZ5N0QW8R3YV6T2KXB4HCM9D")
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    client.close()
    return taken


if __name__ == "__main__":
    measures = {"import": measure_import, "client": measure_client, "answer": measure_answer}
    result = measures[sys.argv[1]]()
    import json

    print(json.dumps(result))

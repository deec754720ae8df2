"""How long a statement takes from the request that brings it to the subscribers who watch its course.

    python -m benchmarks.latency [--repetitions N]

The time runs from just before the POST is written until the frame with the statement has arrived, so it holds the
commit with its fsync. All deliveries count. First every statement goes to every subscriber; then there are ten thousand
over two hundred courses, beside five hundred over ten, who get as many deliveries: what they cost more is the price of
subscribers to whom a statement does not go. By turns a program that only sends (``benchmarks.broadcast``) has as many
subscribers as the most of one course: its times are those of the system calls and of the client.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median

from benchmarks.audience import Delay, Watch, delays, run
from benchmarks.parts import Aim, Found, Part, markdown, ratios, spread
from benchmarks.servers import broadcast_server, lrs_server
from benchmarks.subscribers import let_have_files
from lrs.benchmark.plot import Panel, draw

SUBSCRIBERS = (1, 200)
RATE = 200.0
SECONDS = 5.0

CROWDS = ((500, 10), (10_000, 200))
"""Subscribers and courses; each statement goes to 50."""
CROWD_RATE = 100.0
CROWD_SECONDS = 8.0
CROWD_REPETITIONS_MAX = 3
_FILES = 11_000


def measure(repetitions: int) -> Found:
    """Delays by number of subscribers, of one server for all, as it would run for long."""
    sending = str(SUBSCRIBERS[-1])
    found: dict[str, dict[str, list[dict[str, object]]]] = {
        "only_sending": {sending: []},
        "one_course": {str(count): [] for count in SUBSCRIBERS},
        "crowds": {str(count): [] for count, _ in CROWDS},
    }
    let_have_files(_FILES)
    # All subscribers of the benchmark hold one token.
    settings = {"LRS_CONNECTIONS_PER_TOKEN_MAX": "20000", "LRS_CONNECTIONS_MAX": "20000"}
    with lrs_server(settings) as server, broadcast_server() as only_sending:
        for repetition in range(repetitions):
            watch = Watch.of(only_sending, subscribers=SUBSCRIBERS[-1], rate=RATE, seconds=SECONDS, seed=repetition)
            found["only_sending"][sending].append(_told(run(watch)))
            for number, count in enumerate(SUBSCRIBERS):
                seed = 1_000 + 10 * repetition + number
                watch = Watch.of(server, subscribers=count, rate=RATE, seconds=SECONDS, seed=seed)
                found["one_course"][str(count)].append(_told(run(watch)))
            if repetition >= CROWD_REPETITIONS_MAX:
                continue
            for number, (count, courses) in enumerate(CROWDS):
                seed = 1_005 + 10 * repetition + number
                watch = Watch.of(
                    server, subscribers=count, courses=courses, rate=CROWD_RATE, seconds=CROWD_SECONDS, seed=seed
                )
                found["crowds"][str(count)].append(_told(run(watch)))
    return dict(found)


def _told(delay: Delay) -> dict[str, object]:
    print(
        f"{delay.subscribers:>6} subscribers: p50 {delay.p50_ms:.1f} ms, p99 {delay.p99_ms:.1f} ms, at most "
        f"{delay.max_ms:.0f} ms, {delay.server_cpu_cores:.2f} cores",
        flush=True,
    )
    return asdict(delay)


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    headings = ("subscribers", "deliveries/s", "p50, ms", "p99, ms", "greatest, ms", "statements in a frame")
    return {
        "latency": markdown(
            (*headings, "server CPU, cores"),
            [
                _row(label.format(count), RATE * int(count), repeated)
                for kind, label in (("one_course", "{}"), ("only_sending", "{} of a program that only sends"))
                for count, repeated in found[kind].items()
            ],
        ),
        "crowds": markdown(
            ("subscribers, over courses", *headings[1:], "server CPU, cores"),
            [
                _row(f"{count:,}, {courses}", CROWD_RATE * count / courses, found["crowds"][str(count)])
                for count, courses in CROWDS
            ],
        ),
    }


def _row(label: str, rate: float, repeated: Sequence[dict[str, object]]) -> Sequence[str]:
    made = delays(repeated)
    return (
        label,
        f"{rate:,.0f}",
        spread([one.p50_ms for one in made], ".1f"),
        spread([one.p99_ms for one in made], ".1f", bold=False),
        f"{max(one.max_ms for one in made):.1f}",
        f"{median(one.deliveries / one.frames for one in made):.1f}",
        spread([one.server_cpu_cores for one in made], bold=False),
    )


def aims(found: Found) -> Sequence[Aim]:
    """Of 200 subscribers of one course, and of 10,000."""
    few, many = (delays(found["crowds"][str(count)]) for count, _ in CROWDS)
    watched = delays(found["one_course"][str(SUBSCRIBERS[-1])])
    p50, p99 = median(one.p50_ms for one in watched), median(one.p99_ms for one in watched)
    lag = max(one.max_ms for one in many)
    dearer = median(ratios([one.server_cpu_cores for one in many], [one.server_cpu_cores for one in few]))
    return [
        Aim("POST to frame, 200 subscribers, 200/s, p50", "5 ms", f"{p50:.1f} ms", p50 <= 5),
        Aim("POST to frame, 200 subscribers, 200/s, p99", "30 ms", f"{p99:.1f} ms", p99 <= 30),
        Aim("10,000 subscribers over 200 courses, 100/s", "no lag above 1 s", f"{lag:.0f} ms", lag <= 1_000),
        Aim(
            "the same, server CPU beside 500 with as many deliveries",
            "in proportion to deliveries",
            f"{dearer:.2f} times",
            dearer <= 1.5,
        ),
    ]


def plots(found: Found) -> Mapping[str, str]:
    """Percentiles by number of subscribers."""
    of_one = [(f"{int(count):,}, one course", delays(made)) for count, made in found["one_course"].items()]
    crowds = [(f"{count:,}, {courses} courses", delays(found["crowds"][str(count)])) for count, courses in CROWDS]
    panel = Panel(
        "By number of subscribers",
        "ms",
        ("p50", "p99", "greatest"),
        [
            (label, [median(getattr(one, name) for one in made) for name in ("p50_ms", "p99_ms", "max_ms")])
            for label, made in (*of_one, *crowds)
        ],
        log=True,
    )
    subtitle = f"{RATE:.0f} statements/s of one course; {CROWD_RATE:.0f}/s of many. Medians."
    return {"performance-latency.svg": draw("From a POST to its frame", [panel], subtitle=subtitle)}


PART = Part(measure, tables, aims, plots)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=3)
    found = measure(parser.parse_args().repetitions)
    print("\n\n".join(tables(found).values()))
    print("\n".join(f"{one.reached}: {one.what}: {one.found}" for one in aims(found)))


if __name__ == "__main__":
    main()

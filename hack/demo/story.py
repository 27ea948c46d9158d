"""The summary at the end of the demo: who waited for what, who was preempted by whom, GPU use."""

from .live import FINISHED


def tell(live, capacity):
    _jobs(live)
    _preemptions(live)
    _tenants(live, capacity)
    _counts(live)


def _jobs(live):
    print("\nWho waited for what")
    rows = [("JOB", "GPUS", "WAITED", "FOR", "END")]
    for key in sorted(live.jobs, key=lambda k: (live.jobs[k].tenant, live.jobs[k].first_seen, k)):
        story = live.jobs[key]
        waited = sum(story.waits.values())
        reasons = sorted(story.waits.items(), key=lambda pair: -pair[1])
        what = ", ".join(f"{reason} {seconds:.0f} s" for reason, seconds in reasons if seconds >= 1)
        end = story.phase if story.phase in FINISHED else f"{story.phase} ({story.reason})"
        rows.append((key.removeprefix("muster-demo-"), str(story.gpus), f"{waited:.0f} s",
                     what or "-", end))
    print_table(rows)


def _preemptions(live):
    print("\nWho was preempted by whom")
    rows = [(key.removeprefix("muster-demo-"), message) for key, story in sorted(live.jobs.items())
            for message in story.preempted]
    for job, message in rows:
        print(f"  {job}: {message}")
    if not rows:
        print("  nobody")


def _tenants(live, capacity):
    print(f"\nGPU use per tenant ({capacity} GPUs in all)")
    rows = [("TENANT", "GPU-SECONDS", "PEAK", "MEAN")]
    seconds = max(1.0, live.last_seen - live.began)
    for tenant in sorted(live.gpu_seconds):
        used = live.gpu_seconds[tenant]
        rows.append((tenant, f"{used:.0f}", str(live.peak[tenant]), f"{used / seconds:.1f}"))
    print_table(rows)


def _counts(live):
    phases = {}
    for story in live.jobs.values():
        word = story.phase if story.phase in FINISHED else f"waiting with {story.reason}"
        phases[word] = phases.get(word, 0) + 1
    words = ", ".join(f"{count} {word}" for word, count in sorted(phases.items()))
    print(f"\n{len(live.jobs)} jobs in {live.last_seen - live.began:.0f} s: {words}")


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

#!/usr/bin/env python3
"""What running replicas say of themselves: their counters against the audit log, their readiness."""

import collections
import unittest

import story
from audit_log import by_operator
from scrape import read, scrape
from story import Story


def load_tests(_loader, tests, _pattern):
    return story.side_by_side(tests, nodes=2, replicas=2)


class Counters(Story):
    """Of the one leader that this house ever has."""

    alone = True  # counted is what the whole house does

    def setUp(self):
        super().setUp()
        name = self.house.holder()
        self.replica = next(r for r in self.house.replicas if r.name == name)

    def agree(self, counted, audited):
        """Counters are brought up to date once a second."""
        try:
            self.scene.until("like counters", lambda: counted() == audited(), 15)
        except AssertionError:
            self.assertEqual(counted(), audited())
        return counted()

    def test_counters_say_what_the_audit_log_says(self):
        scene = self.scene
        scene.own_nodes(1, gpus=8)
        scene.job("single")
        scene.job("gang", replicas=3)
        scene.job("brief", sim={"run-seconds": 1})
        scene.job("again", sim={"run-seconds": 1, "exit-code": 3, "fail-attempt": 1},
                  retryPolicy={"maxRetries": 1, "initialDelaySeconds": 1})
        scene.job("never", gpu=9)
        scene.job("low", gpu=8, priority="low")
        for name in ("single", "gang", "low"):
            scene.wait(name, phase="Running")
        scene.job("high", gpu=8, priority="high")
        scene.wait("high", phase="Running")
        scene.patch("gang", cancel=True)
        scene.wait("gang", phase="Cancelled")
        for name in ("brief", "again"):
            scene.wait(name, phase="Succeeded")
        for name in ("low", "never"):
            scene.wait(name, phase="Pending")

        counted = self.agree(self.counted, self.audited)
        self.assertEqual((counted["pods"], counted["commits"], counted["preemptions"]), (9, 7, 1))
        self.assertEqual(counted["deleted"], 4)  # the gang's and that of low
        self.agree(self.posted, self.asked)

    def counted(self):
        metrics = scrape(self.replica)
        return {"pods": metrics.sum("gpu_scheduler_pods_created_total"),
                "deleted": metrics.sum("gpu_scheduler_pods_deleted_total"),
                "commits": metrics.sum("gpu_scheduler_commits_total", result="ok"),
                "preemptions": metrics.sum("gpu_scheduler_preemptions_total"),
                "phases": metrics.by("gpu_scheduler_jobs_total", "phase")}

    def audited(self):
        """The same by what the API server wrote down.  The pod of a single is its placement."""
        verbs, placements, phases, last = collections.Counter(), set(), collections.Counter(), {}
        for write in self.house.writes():
            if not by_operator(write) or write.dry or write.code not in (200, 201):
                continue
            verbs[write.verb, write.resource] += 1
            body = write.response
            if (write.verb, write.resource) == ("create", "pods"):
                meta = body["metadata"]
                if "subdomain" not in body["spec"]:
                    placements.add((meta["ownerReferences"][0]["uid"],
                                    int(meta["labels"]["scheduler.io/attempt"]), 1))
            if write.resource == "jobs/status":
                uid, status = body["metadata"]["uid"], body["status"]
                if place := status.get("placement"):
                    placements.add((uid, place["attempt"], place["revision"]))
                if status["phase"] != last.get(uid):
                    phases[status["phase"]] += 1
                last[uid] = status["phase"]
        return {"pods": verbs["create", "pods"], "deleted": verbs["delete", "pods"],
                "commits": len(placements), "preemptions": phases["Preempting"],
                "phases": dict(phases)}

    def posted(self):
        """Requests with POST by status, dry runs included."""
        metrics, codes = scrape(self.replica), ("200", "201", "403", "409", "422")
        return {code: metrics.sum("rest_client_requests_total", method="POST", code=code)
                for code in codes}

    def asked(self):
        codes = collections.Counter(str(write.code) for write in self.house.writes()
                                    if write.verb == "create" and write.user.endswith(
                                        ":" + self.replica.name))
        return {code: codes[code] for code in ("200", "201", "403", "409", "422")}


class Readiness(Story):
    def until_said(self, replica, path, *words):
        """Until an endpoint answers with all of them: what it says is renewed once a second."""
        def said():
            status, text = read(replica, path)
            return status == 200 and all(word in text for word in words)
        self.scene.until(f"{words} at {path} of {replica.name}: {read(replica, path)}", said, 20)

    def test_both_replicas_are_ready_and_say_who_leads(self):
        holder = self.house.holder()
        for replica in self.house.replicas:
            leads = replica.name == holder
            role = "leading" if leads else f"standby, {self.house.holder_identity()} leads"
            self.until_said(replica, "/readyz?verbose", "[+]caches ok\n", "[+]drift ok\n",
                            f"[+]leader ok: {role}\n",
                            "[+]config ok\n", "readyz check passed")
            self.until_said(replica, "/healthz", "ok")
            self.until_said(replica, "/metrics", 'leader_election_master_status{name="muster-'
                            f'operator"}} {int(leads)}\n')
            # What describes the cluster is told by one of them.
            gauges = scrape(replica).by("gpu_scheduler_gpus", "state")
            self.assertEqual(bool(gauges), leads)

    def test_requests_of_watches_and_of_the_lease_are_counted(self):
        for replica in self.house.replicas:
            self.until_said(
                replica, "/metrics", 'rest_client_request_duration_seconds_count{verb="list"} ',
                *(['rest_client_requests_total{code="200",method="PATCH"}']
                  if replica.name == self.house.holder() else []))


if __name__ == "__main__":
    unittest.main()

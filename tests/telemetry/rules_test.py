"""The alert rules and the scrape configuration against the catalogue of metrics.

docs/metrics.md stands for the catalogue: telemetry.catalogue_test holds the two together.
"""
import pathlib
import re
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "manifests" / "monitoring"
# Of PromQL, not of ours.
WORDS = {"sum", "max", "min", "avg", "by", "without", "on", "and", "or", "unless", "rate", "increase",
         "absent", "histogram_quantile", "avg_over_time", "ignoring", "count", "bool"}
SCRAPED = {"job", "instance"}  # what a scrape adds to every series
SYNTHETIC = {"up": SCRAPED}


def catalogue():
    """Name -> (type, labels) of every metric in docs/metrics.md."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", (ROOT / "docs/metrics.md").read_text(),
                      re.M)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels)))
            for name, kind, labels in rows if kind in ("counter", "gauge", "histogram")}


def series(metrics):
    """Name -> labels of every series a scrape can show."""
    found = dict(SYNTHETIC)
    for name, (kind, labels) in metrics.items():
        if kind != "histogram":
            found[name] = labels
            continue
        found[name + "_bucket"] = labels | {"le"}
        found[name + "_sum"] = found[name + "_count"] = labels
    return found


def selectors(expr):
    """(name, labels in its braces) for every metric an expression selects."""
    bare = re.sub(r'"[^"]*"', '""', expr)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", "", bare)
    for name, braces in re.findall(r"\b([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?", bare):
        if name not in WORDS:
            yield name, set(re.findall(r"(\w+)\s*[=!]", braces))


def rules():
    for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule


# Of other programs too: whoever scrapes those must not see our alerts.
SHARED = re.compile(r"^(up|rest_client_|controller_runtime_|workqueue_|leader_election_|process_)")


class Rules(unittest.TestCase):
    def test_names_that_others_use_too_are_selected_by_our_job(self):
        for rule in rules():
            for name, labels in selectors(rule["expr"]):
                if SHARED.match(name):
                    self.assertIn("job", labels, f"{name} in {rule['expr']}")

    def test_the_chart_s_scrape_has_the_job_that_the_rules_name(self):
        chart = ROOT / "charts/muster/templates"
        label = re.search(r"jobLabel: (\S+)", (chart / "servicemonitor.yaml").read_text()).group(1)
        self.assertRegex((chart / "_helpers.tpl").read_text(), rf"(?m)^{re.escape(label)}: muster$")

    def test_every_metric_in_a_rule_is_in_the_catalogue(self):
        known = series(catalogue())
        for rule in rules():
            used = list(selectors(rule["expr"]))
            self.assertTrue(used, rule)
            for name, labels in used:
                self.assertIn(name, known, rule["expr"])
                self.assertLessEqual(labels, known[name] | SCRAPED, f"labels of {name} in {rule['expr']}")

    def test_grouping_uses_labels_that_some_metric_of_the_rule_has(self):
        known = series(catalogue())
        for rule in rules():
            have = set().union(*(known[name] for name, _ in selectors(rule["expr"])))
            for group in re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"]):
                self.assertLessEqual(set(re.findall(r"\w+", group)), have, rule["expr"])

    def test_texts_name_only_labels_that_the_result_keeps(self):
        for rule in rules():
            kept = set(re.findall(r"\w+", " ".join(re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"]))))
            if not re.search(r"\b(sum|max|min|avg)\b", rule["expr"]):
                kept |= {"instance"}
            for text in rule.get("annotations", {}).values():
                self.assertLessEqual(set(re.findall(r"\$labels\.(\w+)", text)), kept, text)

    def test_every_alert_says_how_bad_and_what(self):
        alerts = [rule for rule in rules() if "alert" in rule]
        names = [rule["alert"] for rule in alerts]
        self.assertEqual(len(names), len(set(names)))
        for rule in alerts:
            self.assertRegex(rule["alert"], r"^Muster[A-Z]")
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
            self.assertTrue(rule["annotations"]["summary"].endswith("."), rule["alert"])
            if "for" in rule:
                self.assertRegex(rule["for"], r"^\d+m$")

    def test_the_promised_alerts_are_there(self):
        names = {rule.get("alert") for rule in rules()}
        self.assertLessEqual({"MusterDown", "MusterNoLeader", "MusterDrift", "MusterPoisonObjects",
                              "MusterJobsPendingTooLong", "MusterApiErrors"}, names)

    def test_the_scrape_uses_the_rules_and_the_job_they_name(self):
        config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
        self.assertEqual(config["rule_files"], ["rules.yaml"])
        jobs = {scrape["job_name"] for scrape in config["scrape_configs"]}
        named = set(re.findall(r'up\{job="(\w+)"', (MONITORING / "rules.yaml").read_text()))
        self.assertEqual(named, jobs)


if __name__ == "__main__":
    unittest.main()

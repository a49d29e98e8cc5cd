"""Mistakes that show only between sections, or in the text of the file."""

from tests.config.base import Case

BETWEEN_SECTIONS = {
    "two models of one name": Case(
        "monitors:", "  - {name: credit, features: {age: {type: numeric}}}\nmonitors:", "models[1].name",
        "'credit' is taken already", "which of the two", "a name of its own",
    ),
    "two monitors of one name": Case(
        "name: errors", "name: drift", "monitors[1].name", "'drift' is taken already", "one and the same",
        "a name of its own",
    ),
    "two webhooks of one name": Case(
        "timeout: 5s}", "timeout: 5s}\n    - {name: ops, url: 'http://x'}", "receivers.webhooks[1].name",
        "'ops' is taken already", "apart", "a name of its own",
    ),
    "a source twice": Case(
        "models:\n", "  - topic: credit.predictions\nmodels:\n", "sources[1].topic",
        "'credit.predictions' is taken", "counted twice", "remove one",
    ),
    "a peer twice": Case(
        '["http://am-0:9093"]', '["http://am-0:9093", "http://am-0:9093/"]',
        "receivers.alertmanager.urls[1]", "'http://am-0:9093' is taken", "every alert twice", "remove one",
    ),
    "a version twice": Case(
        '["7"]', '["7", "7"]', "models[0].versions[1]", "'7' is taken", "nothing new", "remove it",
    ),
    "a category twice": Case(
        "[CA, NY]", "[CA, CA]", "models[0].features.state.categories[1]", "'CA' is taken", "in two places",
        "remove it",
    ),
    "a window twice": Case(
        "{length: 1d}", "{length: 60m, every: 5m}", "models[0].windows[1]", "'1h/5m' is taken",
        "stated twice", "remove",
    ),
    "a slice dimension twice": Case(
        "[[region], [region, plan]]", "[[plan, region], [region, plan]]", "models[0].slices[1]",
        "is number 1 of the list already", "under two names", "remove one",
    ),
    "a tag twice in a dimension": Case(
        "[region, plan]", "[region, region]", "models[0].slices[1]", "names a tag twice", "the same events",
        "once",
    ),
    "too many slides": Case(
        "{length: 1d}", "{length: 36h, every: 10s}", "models[0].windows[1].length", "12,960 slides of 10s",
        "rows of totals in memory", "longer slide",
    ),
    "more lateness than open panes": Case(
        "lateness: 30s", "lateness: 10d", "models[0].lateness", "keeps 2,882 panes of 5m open",
        "before the late events", "raise `limits.open_panes` to 2,882",
    ),
    "its own output as a source": Case(
        "sources:", "  topics: {results: credit.predictions}\nsources:", "kafka.topics.results",
        "'credit.predictions' is a source too", "its own output", "another name",
    ),
    "one topic for two uses": Case(
        "sources:", "  topics: {results: driftline.control}\nsources:", "kafka.topics.results",
        "'driftline.control' is used for control", "taken for each other", "one topic for each",
    ),
    "SASL without a user": Case(
        "sources:", "  security: {protocol: SASL_SSL, mechanism: PLAIN}\nsources:",
        "kafka.security.protocol", "'SASL_SSL' needs `username` and `password_file`",
        "refuse every connection", "add `username`",
    ),
    "a user without SASL": Case(
        "sources:", "  security: {username: me}\nsources:", "kafka.security.username",
        "'PLAINTEXT' does not use it", "without logging in", "use protocol SASL_SSL",
    ),
    "certificates without encryption": Case(
        "sources:", "  security: {ca_file: ca.pem}\nsources:", "kafka.security.ca_file",
        "'PLAINTEXT' does not encrypt", "in clear text", "use protocol SSL",
    ),
    "a certificate without a key": Case(
        "sources:", "  security: {protocol: SSL, certificate_file: c.pem}\nsources:",
        "kafka.security.certificate_file", "without `key_file`", "who it is", "add `key_file`",
    ),
    "a label that is an alert's own": Case(
        "team: risk", "severity: risk", "receivers.alertmanager.labels.severity", "'severity' is part of",
        "would become one", "another label",
    ),
    "no name of a label": Case(
        "team: risk", "the-team: risk", "receivers.alertmanager.labels.the-team",
        "'the-team' is no label name", "refuse every alert", "letters, digits",
    ),
    "no such model": Case(
        "models: [credit]", "models: [crdit]", "monitors[0].models[0]", "'crdit' matches no model",
        "look like health", "did you mean `credit`?",
    ),
    "no such feature": Case(
        "features: [age]", "features: [agee]", "monitors[0].features[0]", "'agee' matches no feature",
        "look like health", "did you mean `age`?",
    ),
    "no feature for the glob": Case(
        "features: [age]", 'features: ["x_*"]', "monitors[0].features[0]", "'x_*' matches no feature",
        "look like health", "known here: `actual`, `age`",
    ),
    "no such slice": Case(
        "slices: [all]", 'slices: ["regoin=*"]', "monitors[0].slices[0]", "'regoin=*' matches no slice",
        "look like health", "`region=*`",
    ),
    "a slice in the wrong order": Case(
        "slices: [all]", 'slices: ["plan=gold,region=eu"]', "monitors[0].slices[0]", "matches no slice",
        "look like health", "`region=*,plan=*`",
    ),
    "a crossing that is not cut": Case(
        "slices: [all]", 'slices: ["region=eu,zone=b"]', "monitors[0].slices[0]", "matches no slice",
        "look like health", "`region=*,plan=*`, or add the dimension",
    ),
    "no such window": Case(
        "window: 1h/5m", "window: 60m", "monitors[0].window", "'60m' is no window", "look like health",
        "`1h/5m`, `1d`",
    ),
    "a metric that the feature has not": Case(
        "metric: psi", "metric: unseen_ratio", "monitors[0].features[0]",
        "'age' (numeric) has no unseen_ratio", "look like health", "exists for `state`",
    ),
    "a metric of numbers for names": Case(
        "metric: psi, threshold: 0.2, models: [credit], features: [age]",
        "metric: mean_shift, threshold: 0.2, features: [state]", "monitors[0].features[0]",
        "'state' (categorical) has no mean_shift", "look like health", "`age`, `prediction`",
    ),
    "a rate of labels for a feature": Case(
        "metric: psi", "metric: positive_rate", "monitors[0].features[0]",
        "'age' (numeric) has no positive_rate", "look like health", "`actual`, `prediction`",
    ),
    "a glob without any feature that has the metric": Case(
        "metric: psi, threshold: 0.2, models: [credit], features: [age]",
        'metric: ks, threshold: 0.2, features: ["st*"]', "monitors[0].metric",
        "no feature that is matched has ks", "look like health", "`age`, `prediction`",
    ),
    "a feature for a metric of the model": Case(
        "metric: error_ratio", "features: [age], metric: error_ratio", "monitors[1].features[0]",
        "'age' is a feature, but error_ratio is a metric of the model", "look like health",
        "remove `features`",
    ),
    "a metric that the model keeps no totals for": Case(
        "metric: psi", "metric: wasserstein", "monitors[0].metric",
        "wasserstein needs sums of values by bin, and `credit` has `bin_sums: false`", "look like health",
        "`bin_sums: true`",
    ),
    "a metric of features together that are not kept": Case(
        "metric: error_ratio", "metric: reconstruction_error", "monitors[1].metric",
        "reconstruction_error needs how features vary together", "look like health", "`multivariate: true`",
    ),
    "one numeric feature together": Case(
        "lateness: 30s", "multivariate: true", "models[0].multivariate", "has 1 numeric feature",
        "vary together", "remove it",
    ),
    "a baseline of latency": Case(
        "metric: error_ratio, threshold: 0.1}",
        "metric: latency_p99, baseline: rolling, threshold: 200}", "monitors[1].baseline",
        "latency_p99 has no baseline `rolling`", "look like health", "remove `baseline`",
    ),
    "a threshold that is always reached": Case(
        "threshold: 0.2", "threshold: 0", "monitors[0].threshold",
        "psi is at least 0, so it is always at or above", "without end", "inside the range",
    ),
    "a threshold that is never reached": Case(
        "threshold: 0.1}", "threshold: 5}", "monitors[1].threshold", "never at or above the threshold 5",
        "never fire", "inside the range",
    ),
    "a threshold below what there is": Case(
        "threshold: 0.1}", "threshold: -1, below: true}", "monitors[1].threshold",
        "never at or below the threshold -1", "never fire", "inside the range",
    ),
    "a retraining that nobody takes": Case(
        "threshold: 0.2", "retrain: true, threshold: 0.2", "monitors[0].retrain",
        "no webhook takes model.retraining", "reach nobody", "add an endpoint",
    ),
    "a rollback that nobody takes": Case(
        "threshold: 0.2", "rollback: true, threshold: 0.2", "monitors[0].rollback",
        "no webhook takes model.rollback", "reach nobody", "add an endpoint",
    ),
    "a detector without a series": Case(
        "metric: psi", "detector: kswin, metric: psi", "monitors[0].detector",
        "psi is measured without a detector", "see nothing", "begins with `change:`",
    ),
    "a detector that looks below": Case(
        "metric: error_ratio, threshold: 0.1", "metric: change:error_ratio, below: true",
        "monitors[1].below", "low while nothing changes", "while all is well", "remove `below`",
    ),
    "a baseline for a detector": Case(
        "metric: psi, threshold: 0.2", "metric: change:mean, baseline: rolling", "monitors[0].baseline",
        "a detector follows one series", "ignored", "detector: adwin",
    ),
    "a baseline for what does not compare": Case(
        "metric: psi", "baseline: hour_of_day, metric: mean", "monitors[0].baseline",
        "mean does not compare", "look like health", "write mean_shift",
    ),
    "the same hour of a window that has every hour": Case(
        "window: 1h/5m", "baseline: hour_of_day", "monitors[0].baseline",
        "a window of 1d has every hour of the 1d", "whatever the hour", "name `1h/5m` as `window`",
    ),
    "a budget of nothing": Case(
        "lateness: 30s", "lateness: 30s\n    multiplicity: {budget: steady}", "models[0].multiplicity.budget",
        "without `false_alarms_per_week`", "nothing to share", "add `false_alarms_per_week`",
    ),
    "a feature for a detector of the model": Case(
        "metric: error_ratio, threshold: 0.1", "metric: change:traffic, features: [age]",
        "monitors[1].features[0]", "'age' is a feature, but change:traffic is a metric of the model",
        "look like health", "remove `features`",
    ),
    "a key twice": Case(
        "port: 8080", "port: 8080, port: 8081", "web.port", "'port' stands here again", "only one",
        "remove one",
    ),
    "a tag of YAML": Case(
        "port: 8080", "port: 8080, host: !env HOST", "web.host", "'HOST' is no value of type !env",
        "does not know", "a plain value",
    ),
}  # fmt: skip

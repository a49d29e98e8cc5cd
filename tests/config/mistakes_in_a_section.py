"""Mistakes that a section shows on its own: its fields, their forms, how they fit each other."""

from tests.config.base import Case

IN_A_SECTION = {
    "unknown field": Case(
        "threshold: 0.2", "thresold: 1, threshold: 0.2", "monitors[0].thresold", "'thresold' is no field",
        "would not be done", "did you mean `threshold`?",
    ),
    "unknown field at the top": Case(
        "sources:", "topcs: 3\nsources:", "topcs", "'topcs' is no field", "would not be done",
        "known here: `kafka`",
    ),
    "unknown field of a tagged feature": Case(
        "min: 18", "minimum: 18, min: 18", "models[0].features.age.minimum", "'minimum' is no field",
        "would not be done", "did you mean `min`?",
    ),
    "missing field": Case(
        "metric: error_ratio, ", "", "monitors[1].metric", "`metric` is missing", "no default",
        "add `metric: ...`",
    ),
    "text for a number": Case(
        "threshold: 0.2", 'threshold: "0.2"', "monitors[0].threshold", "'0.2' is not a number", "a guess",
        "write a number, without quotes",
    ),
    "number for a text": Case(
        '["7"]', "[7]", "models[0].versions[0]", "7 is not a text", "a guess", 'put it in quotes: "7"',
    ),
    "boolean for a number": Case(
        "slices: 100", "slices: true", "limits.slices", "true is not a whole number", "a guess",
        "a whole number",
    ),
    "fraction for a whole number": Case(
        "slices: 100", "slices: 1.5", "limits.slices", "1.5 is not a whole number", "a guess",
        "a whole number",
    ),
    "not a number": Case(
        "threshold: 0.2", "threshold: .nan", "monitors[0].threshold", "nan is not a finite", "a guess",
        "a finite number",
    ),
    "a budget of no false alarms": Case(
        "name: credit", "name: credit\n    multiplicity: {false_alarms_per_week: 0}",
        "models[0].multiplicity.false_alarms_per_week", "0 false alarms a week", "no drift would raise",
        "such as 0.1 for one in ten weeks",
    ),
    "text for a boolean": Case(
        "threshold: 0.2", "below: yes, threshold: 0.2", "monitors[0].below", "'yes' is not true or false",
        "a guess", "write true or false",
    ),
    "one for a list": Case(
        "slices: [all]", "slices: all", "monitors[0].slices", "'all' is not a list", "a guess",
        "write a list, such as ['all']",
    ),
    "a list for a section": Case(
        "web: {port: 8080}", "web: [8080]", "web", "a list is not a section", "a guess",
        "write a section with fields",
    ),
    "nothing for a section": Case(
        "timing: {flush: 1s}", "timing:", "timing", "nothing (null) is not a section", "a guess",
        "leave the field out",
    ),
    "no such choice": Case(
        "metric: psi", "metric: pis", "monitors[0].metric", "'pis' is none of the choices", "nothing to do",
        "did you mean psi?",
    ),
    "no such event type": Case(
        "drift.alert.firing", "drift.alarm", "receivers.webhooks[0].types[0]", "'drift.alarm' is none",
        "nothing to do", "drift.alert.firing",
    ),
    "no such type of feature": Case(
        "{type: categorical,", "{type: category,", "models[0].features.state", "`type` 'category' is none",
        "nothing to do", "did you mean categorical?",
    ),
    "a feature without a type": Case(
        "{type: numeric, min: 18, max: 120}", "{min: 18}", "models[0].features.age", "`type` is missing",
        "not known how to count", "add `type: numeric`",
    ),
    "too large": Case(
        "port: 8080", "port: 80800", "web.port", "80800 is out of bounds", "could not work",
        "at most 65535",
    ),
    "too small": Case(
        "slices: 100", "slices: 0", "limits.slices", "0 is out of bounds", "could not work", "at least 1",
    ),
    "an open bound": Case(
        "threshold: 0.2", "alpha: 1, threshold: 0.2", "monitors[0].alpha", "1 is out of bounds",
        "could not work", "less than 1",
    ),
    "an empty list": Case(
        '["http://am-0:9093"]', "[]", "receivers.alertmanager.urls", "the list is empty",
        "nothing to work with", "at least one",
    ),
    "an empty name": Case(
        "name: credit", 'name: ""', "models[0].name", "the text is empty", "names nothing",
        "at least one character",
    ),
    "a name that is too long": Case(
        "name: credit", f"name: {'x' * 201}", "models[0].name", "201 characters", "not fit in labels",
        "at most 200",
    ),
    "a duration without a unit": Case(
        "lateness: 30s", "lateness: 30", "models[0].lateness", "30 is no duration", "unit would be a guess",
        "for example 90s",
    ),
    "a duration of no time": Case(
        "flush: 1s", "flush: 0s", "timing.flush", "0s is no time", "without end, or never", "longer than 0",
    ),
    "an endless duration": Case(
        "lateness: 30s", "lateness: 99999d", "models[0].lateness", "99999d is longer than ten years",
        "nothing would", "at most 3660d",
    ),
    "a duration beyond any number": Case(
        "lateness: 30s", f"lateness: {'9' * 400}d", "models[0].lateness", "is no duration", "a guess",
        "for example 90s",
    ),
    "brokers without a port": Case(
        "kafka-0:9092,kafka-1:9092", "kafka-0:9092,kafka-1", "kafka.bootstrap_servers",
        "'kafka-1' is no host and port", "no broker", "host:port pairs",
    ),
    "no name of a topic": Case(
        "topic: credit.predictions", "topic: credit predictions", "sources[0].topic",
        "'credit predictions' is no name", "refuse", "letters, digits",
    ),
    "no address": Case(
        "https://example.com/hook", "example.com/hook", "receivers.webhooks[0].url", "is no HTTP address",
        "nothing could be sent", "write it in full",
    ),
    "no time": Case(
        "2026-01-01T00:00:00Z", "2026-01-01", "models[0].reference.learn.start",
        "'2026-01-01' is no RFC 3339", "depend on where", "2026-08-22T00:00:00Z",
    ),
    "a reserved feature": Case(
        "age: {type", "prediction: {type: numeric}\n      age: {type", "models[0].features.prediction",
        "'prediction' is reserved", "could not be told", "rename the feature",
    ),
    "a feature without a name": Case(
        "age: {type", '"": {type: numeric}\n      age: {type', 'models[0].features[""]',
        "the text is empty", "names nothing", "at least one character",
    ),
    "a tag that breaks the text of slices": Case(
        "[region, plan]", '["a=b"]', "models[0].slices[1][0]", "'a=b' holds `=`", "two ways",
        "rename the tag",
    ),
    "a range upside down": Case(
        "min: 18", "min: 180", "models[0].features.age.min", "`min` (180) is not below `max` (120)",
        "out of range", "swap",
    ),
    "gaps between windows": Case(
        "{length: 1d}", "{length: 1h, every: 2h}", "models[0].windows[1].every", "`every` (2h) is longer",
        "in none", "at most 1h",
    ),
    "a reach without a number of events": Case(
        "{length: 1d}", "{length: 1d, reach: 2d}", "models[0].windows[1].reach", "without `min_events`",
        "no window could reach back", "`min_events: 1000`",
    ),
    "a reach shorter than the window": Case(
        "{length: 1d}", "{length: 1d, reach: 5m, min_events: 9}", "models[0].windows[1].reach",
        "`reach` (5m) is shorter than the window (1d)", "by whole slides", "write 1d",
    ),
    "a reach between two slides": Case(
        "{length: 1d}", "{length: 1d, reach: 36h, min_events: 9}", "models[0].windows[1].reach",
        "`reach` (1d12h) is no multiple of the slide (1d)", "by whole slides", "write 2d",
    ),
    "a local hour within a pane": Case(
        "lateness: 30s", "past: {utc_offset: 5h33m}", "models[0].past",
        "(5h33m) is no multiple of a pane (5m)", "could not begin within a pane", "shorter panes",
    ),
    "a clock from nowhere": Case(
        "lateness: 30s", "past: {utc_offset: -25h}", "models[0].past.utc_offset", "-25h is more than a day",
        "no clock is that far", "for example 5h30m or -8h",
    ),
    "windows that panes do not tile": Case(
        "every: 5m", "every: 7m", "models[0].windows[0].every", "no multiple of `every` (7m)",
        "share their panes", "for example 5m",
    ),
    "learning that ends before it starts": Case(
        "2026-02-01T00:00:00Z", "2025-02-01T00:00:00Z", "models[0].reference.learn.start",
        "is not before `end`", "no event could be learnt from", "swap",
    ),
    "more breaches than windows": Case(
        "threshold: 0.2", "hysteresis: {windows: 3, of: 2}, threshold: 0.2",
        "monitors[0].hysteresis.windows", "`windows` (3) is more than `of` (2)", "never fire",
        "raise `of` to 3",
    ),
    "resolving while it breaches": Case(
        "threshold: 0.2", "resolve_threshold: 0.3, threshold: 0.2", "monitors[0].resolve_threshold",
        "(0.3) is above the threshold (0.2)", "resolve while it breaches", "a value below 0.2",
    ),
}  # fmt: skip

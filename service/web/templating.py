"""The templates of the page, and the filters they use."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.alerts.notice import rfc3339
from service.web import drawing, page, text


def environment() -> Environment:
    """The templates, escaping everything."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        number=text.format_number,
        share=text.format_share,
        p=text.format_p,
        count=text.format_count,
        ratio=text.format_ratio,
        moment=text.format_moment,
        rfc3339=rfc3339,
        alert_link=page.alert_link,
    )
    env.globals.update(
        link=page.link,
        spark=page.SPARK,
        trend_size=page.TREND,
        chart=(drawing.WIDTH, drawing.HEIGHT, drawing.BASE),
        pair=page.PAIR,
    )
    return env

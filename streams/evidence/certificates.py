"""Texts for a person to complete and sign: the law asks for a person's word, which software cannot give.

US: Federal Rules of Evidence 902(13) and (14).
China: 最高人民法院《关于互联网法院审理案件若干问题的规定》(2018) 第十一条; 《人民法院在线诉讼规则》(2021).
A hash or timestamp shows that nothing was altered since; it does not show that what was entered was true (谢登科,
法律适用 2025/7). Both texts say so. They are templates, not legal advice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Template -> name in the exhibit.
CERTIFICATES = {
    "certificate-902-13-14.md": "certificate-902-13-14.md",
    "certificate-cn.md": "证据说明.md",
}


def render_certificates(facts: Mapping[str, object]) -> dict[str, bytes]:
    """The certificate texts with the exhibit's own facts filled in, by file name."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streams.evidence"),
        autoescape=False,  # noqa: S701  Markdown, read as text
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return {name: environment.get_template(template).render(facts).encode() for template, name in CERTIFICATES.items()}

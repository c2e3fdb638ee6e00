//! How the pages of a history, an incident and a comparison look.

/// The style of all of them.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--bad:#b3261e;--open:#8a6100;--good:#1b6e3a;--line:#8884;--soft:#8881;--ink:#1b1b1f;--user:#3b6fb6;--group:#e08a2e;
--computer:#6a9a3c;--gmsa:#8a6bbf;--ou:#c2484f;--container:#b58a5a;--contact:#3f9a96;--other:#8a8f98}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--open:#e0b04a;--good:#7ed09a;--ink:#e6e6ea}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .2rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .6rem;padding-top:.7rem;border-top:1px solid var(--line)}
p{margin:.3rem 0}.verdict{font-size:1.12rem;font-weight:600}.soft{opacity:.72}.small{font-size:.88em}.bad{color:var(--bad)}.open{color:var(--open)}.good{color:var(--good)}
pre{background:var(--soft);padding:.6rem .8rem;margin:.4rem 0;border-radius:.35rem;white-space:pre-wrap;overflow-wrap:anywhere}
code{background:var(--soft);padding:0 .25rem;border-radius:.2rem;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.8rem;margin:1.2rem 0}
.card{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem}.card b{display:block;font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums}
.bar{display:flex;height:1.3rem;border-radius:.35rem;overflow:hidden;margin:.6rem 0;background:var(--soft)}.bar i{display:block;min-width:3px}
.key{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.45em}
table{border-collapse:collapse;width:100%;margin:.4rem 0}td,th{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;border-top:0}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap;font-variant-numeric:tabular-nums}
.cols{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:0 2.5rem}.cols h3{font-size:1rem;margin:.6rem 0 0}
svg{width:100%;height:auto;display:block;margin:.4rem 0}svg text{fill:currentColor;font:12px system-ui,sans-serif}svg .grid{stroke:#8884}svg .axis{stroke:#8889}
details summary{cursor:pointer;padding:.3rem 0}ol.events{list-style:none;margin:.6rem 0;padding:0;border-left:2px solid var(--line)}
ol.events>li{position:relative;padding:.1rem 0 .9rem 1.3rem}ol.events>li::before{content:'';position:absolute;left:-.42rem;top:.5rem;width:.7rem;height:.7rem;border-radius:50%;background:var(--other)}
ol.events>li.bad::before{background:var(--bad)}ol.events>li.good::before{background:var(--good)}ol.events>li{color:inherit}ol.events .title{font-weight:600}
ol.events>li.bad .title{color:var(--bad)}ol.events>li.good .title{color:var(--good)}ol.events td{border:0;padding:.05rem .9rem .05rem 0}ol.events td:first-child{width:13rem;opacity:.72}
del{color:var(--bad);text-decoration-thickness:1px}ins{color:var(--good);text-decoration:none}
@media print{body{margin:0;max-width:none;font-size:12px}details>*{display:block}tr,li,.card{break-inside:avoid}}
";

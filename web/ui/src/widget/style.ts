/** The widget's look, for its shadow root only. The colours are those of shared/tokens.css; see DESIGN.md. */
export const STYLE = `
:host{all:initial;--bg:#f3f8fd;--surface:#fff;--line:#dce7f2;--line2:#c0d3e6;--text:#17283a;--text2:#46596d;--text3:#586c80;
--accent:#1a6bbf;--accent2:#14589f;--soft:#e3f0fc;--softline:#b4d4f4;--on:#fff;--danger:#b92c23;--dsoft:#fdeae8;--mark:#cf3a30;--warn:#8a5200;--wsoft:#fff2d9;
--brand:var(--accent);--brand2:var(--accent2);--onbrand:var(--on);
font:15px/1.55 system-ui,-apple-system,'Segoe UI','PingFang TC','Microsoft JhengHei','Noto Sans TC','Noto Sans CJK TC',sans-serif;color:var(--text)}
@media (prefers-color-scheme:dark){:host{--bg:#0f1822;--surface:#16222f;--line:#26384a;--line2:#38506a;--text:#e6eef6;--text2:#b3c3d2;--text3:#8fa3b6;
--accent:#5fa8ee;--accent2:#82bdf5;--soft:#18334e;--softline:#2b5780;--on:#08192a;--danger:#ff8f85;--dsoft:#42201f;--mark:#d0453b;--warn:#f2bd66;--wsoft:#3a2c12}}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
button,input,textarea{font:inherit;color:inherit}
button{cursor:pointer}
svg{width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.launcher{position:fixed;right:20px;bottom:20px;z-index:2147483000;display:grid;place-items:center;width:58px;height:58px;padding:0;border:0;border-radius:50%;background:var(--brand);color:var(--onbrand);box-shadow:0 6px 22px rgb(23 40 58/28%)}
.launcher:hover{background:var(--brand2)}
.launcher svg{width:28px;height:28px}
.badge{position:absolute;top:-3px;right:-3px;min-width:22px;padding:0 6px;border:2px solid var(--surface);border-radius:12px;background:var(--mark);color:#fff;font-size:12px;font-weight:600;line-height:18px;text-align:center}
.panel{position:fixed;right:20px;bottom:90px;z-index:2147483000;display:flex;flex-direction:column;width:384px;height:620px;max-height:calc(100vh - 110px);border:1px solid var(--line);border-radius:16px;background:var(--surface);box-shadow:0 14px 44px rgb(23 40 58/22%);overflow:hidden}
.page .panel{position:static;width:100%;max-width:860px;height:100%;max-height:none;margin:0 auto;border-width:0 1px;border-radius:0;box-shadow:none}
.page{height:100%;background:var(--bg)}
header{display:flex;flex:none;align-items:center;gap:10px;min-height:60px;padding:8px 8px 8px 18px;background:var(--brand);color:var(--onbrand)}
header div{flex:1;min-width:0}
h1{font-size:16px;font-weight:650;line-height:1.35}
header p{font-size:13px;opacity:.92;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header button,header a{display:grid;place-items:center;min-width:40px;height:40px;padding:0 10px;border:0;border-radius:8px;background:none;color:inherit;font-size:14px;text-decoration:none}
header button:hover,header a:hover{background:color-mix(in srgb,currentColor 16%,transparent)}
header :focus-visible{outline-color:currentColor}
.bar{flex:none;display:flex;align-items:center;gap:10px;padding:8px 18px;background:var(--soft);color:var(--text);font-size:13px}
.bar.warn{background:var(--wsoft);color:var(--warn)}
.bar p{flex:1}
.bar a{flex:none;color:var(--accent);font-weight:600}
.log{flex:1 0 38%;min-height:0;padding:14px 16px;overflow-y:auto;overscroll-behavior:contain;background:var(--bg)}
.hint{padding:30px 20px;color:var(--text3);text-align:center}
.day{margin:10px 0;color:var(--text3);font-size:12px;text-align:center}
.line{display:flex;flex-direction:column;align-items:flex-start;margin-top:10px}
.line.me{align-items:flex-end}
.who{margin:0 4px 3px;color:var(--text3);font-size:12px}
.bubble{max-width:86%;padding:8px 13px;border:1px solid var(--line);border-radius:4px 14px 14px;background:var(--surface);overflow-wrap:anywhere;white-space:pre-wrap}
.me .bubble{border-color:transparent;border-radius:14px 4px 14px 14px;background:var(--brand);color:var(--onbrand)}
.bubble a{color:var(--accent)}
.me .bubble a{color:inherit}
.bot .bubble{background:var(--soft);border-color:var(--softline)}
.system{margin:12px 0;color:var(--text3);font-size:12px;text-align:center}
.foot{margin:2px 4px 0;color:var(--text3);font-size:11px}
.foot button{margin-left:8px;padding:2px 8px;border:1px solid var(--line2);border-radius:6px;background:var(--surface);font-size:12px}
.failed .bubble{background:var(--dsoft);color:var(--danger)}
.failed .foot{color:var(--danger)}
.waiting .bubble{opacity:.75}
.pic{display:block;max-width:100%;height:160px;margin:4px 0;padding:0;border:0;border-radius:8px;background:var(--soft);overflow:hidden;cursor:zoom-in}
.pic.large{height:auto;cursor:zoom-out}
canvas{display:block;max-width:100%;height:160px;object-fit:contain}
.pic.large canvas{height:auto;max-height:70vh}
.file{display:inline-flex;align-items:center;gap:8px;max-width:100%;padding:4px 10px;border:1px solid var(--line2);border-radius:8px;background:var(--surface);color:var(--text);text-align:left}
.file svg{flex:none;width:18px;height:18px}
.typing{margin:10px 4px 0;color:var(--text3);font-size:13px}
.aside .foot{font-size:12px}
.aside b{display:block;margin-bottom:2px}
.offers{flex:none;border-top:1px solid var(--line);background:var(--surface)}
.offers ul{max-height:min(184px,34vh);margin:0;padding:4px 8px;overflow-y:auto;list-style:none}
.offers button{display:block;width:100%;min-height:40px;padding:7px 10px;border:0;border-radius:8px;background:none;text-align:start;line-height:1.4;overflow-wrap:anywhere}
.offers li button{color:var(--accent)}
.offers :focus-visible{outline-offset:-2px}
.offers button:hover{background:var(--soft)}
.offers .fold{padding-inline:18px;border-radius:0;color:var(--text2);font-size:13px;font-weight:600}
.fold:after{content:'';float:inline-end;width:7px;height:7px;margin:4px;border:solid;border-width:0 1.5px 1.5px 0;transform:rotate(45deg)}
.fold[aria-expanded=false]:after{margin-top:7px;transform:rotate(-135deg)}
.fold[aria-expanded=true]+ul{padding-top:0}
.rate{flex:0 1 auto;min-height:0;overflow-y:auto;padding:12px 16px;border-top:1px solid var(--line);background:var(--surface)}
.rate p{margin-bottom:8px;font-weight:600}
.scores{display:flex;flex-wrap:wrap;gap:6px}
.scores button{flex:1 1 28%;min-height:36px;padding:4px 6px;border:1px solid var(--line2);border-radius:8px;background:var(--surface);font-size:14px;white-space:nowrap}
.scores button:hover{background:var(--soft)}
.scores [aria-pressed=true]{border-color:var(--accent);background:var(--soft);color:var(--accent);font-weight:600}
.rate textarea{width:100%;margin-top:8px;padding:8px 10px;border:1px solid var(--line2);border-radius:8px;background:var(--surface);font-size:16px;resize:none}
.buttons{display:flex;justify-content:flex-end;gap:8px;margin-top:8px}
.buttons button{min-height:36px;padding:4px 14px;border:1px solid var(--line2);border-radius:8px;background:var(--surface)}
.buttons .main{border-color:transparent;background:var(--brand);color:var(--onbrand)}
.buttons .main:disabled{opacity:.5;cursor:default}
.thanks{display:flex;flex:none;align-items:center;justify-content:center;gap:12px;padding:10px 16px;border-top:1px solid var(--line);background:var(--surface);color:var(--text2)}
.thanks button{padding:4px 6px;border:0;background:none;color:var(--accent);font-size:14px}
.thanks button:hover{text-decoration:underline}
form{flex:none;display:flex;align-items:flex-end;gap:4px;padding:8px;border-top:1px solid var(--line);background:var(--surface)}
form textarea{flex:1;min-width:0;max-height:120px;padding:9px 12px;border:1px solid var(--line2);border-radius:12px;background:var(--surface);font-size:16px;line-height:22px;resize:none}
form textarea:focus,.rate textarea:focus{outline:none;border-color:var(--accent);box-shadow:0 0 0 3px rgb(26 107 191/25%)}
::placeholder{color:var(--text3);opacity:1}
form button{display:grid;flex:none;place-items:center;width:42px;height:42px;padding:0;border:0;border-radius:50%;background:none;color:var(--text2)}
form button:hover{background:var(--soft)}
form .send{background:var(--brand);color:var(--onbrand)}
form .send:hover{background:var(--brand2)}
form .send:disabled{background:var(--brand);opacity:.45;cursor:default}
.files{display:flex;flex:none;flex-wrap:wrap;gap:6px;padding:8px 12px 0;background:var(--surface);font-size:13px}
.files span{display:inline-flex;align-items:center;gap:4px;max-width:100%;padding:2px 4px 2px 10px;border-radius:6px;background:var(--soft);overflow-wrap:anywhere}
.files button{display:grid;place-items:center;width:24px;height:24px;padding:0;border:0;background:none}
.files svg{width:14px;height:14px}
.drop{outline:3px dashed var(--accent);outline-offset:-6px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:520px){.panel{inset:0;width:auto;height:auto;max-height:none;border:0;border-radius:0}.page .panel{height:100%}.launcher{right:14px;bottom:14px}.open .launcher{display:none}}
@media (prefers-reduced-motion:no-preference){.panel{animation:rise .16s ease-out}.page .panel{animation:none}@keyframes rise{from{opacity:0;transform:translateY(10px)}}}
`

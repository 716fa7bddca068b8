"""The auto-reply library of the demo shop."""

from __future__ import annotations

from engine.core.entities import SYSTEM
from engine.desk import Context
from engine.features.answers.commands import SaveAnswer

LIBRARY = (
    ("多久會收到商品？", ("到貨", "幾天", "多久會到", "什麼時候到"),
     "現貨下單後一到三個工作天出貨，出貨後約一到兩天送達；離島再多兩天。"),
    ("運費怎麼算？", ("運費", "免運"), "全館滿 1,000 元免運；未滿時宅配 100 元、超商取貨 60 元。"),
    ("怎麼查訂單的進度？", ("查訂單", "訂單進度", "出貨了嗎"),
     "請到「我的帳戶 → 詢問紀錄」，或把訂單編號傳給我們，我們幫您查。"),
    ("怎麼退貨？", ("退貨", "鑑賞期", "七天"),
     "收到商品七天內可以退貨：保持商品與包裝完整，在訂單頁按「申請退貨」，物流會到府收件。"),
    ("退款多久會入帳？", ("退款", "入帳", "刷退"),
     "收到退回的商品後三個工作天內退款；信用卡依各家銀行約七到十四天入帳。"),
    ("可以換尺寸嗎？", ("換尺寸", "換貨", "尺寸不合"), "可以，七天內免費換一次。請先在訂單頁申請換貨並選擇新的尺寸。"),
    ("有哪些付款方式？", ("付款", "刷卡", "分期", "貨到付款"),
     "可以用信用卡（三、六期零利率）、超商代碼、行動支付，也可以貨到付款。"),
    ("發票怎麼開立？", ("發票", "統編", "載具"), "我們開立電子發票；需要統一編號請在結帳時填寫，開立後七天內可以改。"),
    ("怎麼修改收件地址？", ("改地址", "修改地址", "收件地址"), "出貨前都可以改：請把訂單編號與新的地址傳給我們。"),
    ("忘記密碼怎麼辦？", ("忘記密碼", "密碼", "登入不了"),
     "請在登入頁按「忘記密碼」，我們會寄出重設的連結，三十分鐘內有效。"),
)  # fmt: skip
"""The auto-reply library of the demo: what it answers, words that point to it, what it says."""


async def fill(context: Context) -> None:
    """Fills the library of the shop `demo`."""
    for place, (title, keywords, text) in enumerate(LIBRARY):
        values = {"shop": "demo", "titles": {"zh-TW": title}, "texts": {"zh-TW": text}}
        await context.act(SYSTEM, SaveAnswer({**values, "keywords": list(keywords), "position": place}))

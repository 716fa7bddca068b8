"""The one table of keywords, English and Chinese. The grammar knows only the token names.

Both sets are read everywhere; one file keeps to one of them (the parser sees to that). Word for word they make the
same tree, so a Chinese keyword stands for one English one; where Chinese wants another word in another place (`to`:
到, 成, 給), the table has them all and the formatter picks. Chinese is written in the script the file is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

KeywordSet = Literal["en", "zh", "zh-CN"]
"""How a file writes its keywords: in English, in Chinese, in Chinese with Simplified characters."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: its token in the grammar, how it is written in each set, and whether it is reserved.

    A reserved word is never a name unless quoted; any other is a name wherever a name is wanted. `zh`: the usual
    Chinese form; `places`: the form in certain rules of the grammar, by their names; `simplified`: the Simplified form
    of those that have another.
    """

    token: str
    en: str
    reserved: bool = False
    zh: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    simplified: Mapping[str, str] = field(default_factory=dict)

    @property
    def chinese(self) -> tuple[str, ...]:
        """Every Chinese form that is read, the usual one first."""
        return tuple(dict.fromkeys((self.zh, *self.places.values(), *self.simplified.values())))

    def chinese_in(self, keywords: KeywordSet, place: str = "") -> str:
        """The Chinese form in a place, in the script of a set."""
        form = self.places.get(place, self.zh)
        return self.simplified.get(form, form) if keywords == "zh-CN" else form


# English, Chinese, and the Simplified form where it is another.
_RESERVED = """
rule      規則    规则
stage     階段    阶段
words     詞表    词表
define    定義    定义
on        於      于
when      當      当
then      則      则
and       且
or        或
not       非
in        屬於    属于
is        為      为
has       帶有    带有
contains  包含
starts    開頭    开头
ends      結尾    结尾
matches   符合
changed   已變更  已变更
any       任一
all       所有
true      真
false     假
empty     空值
now       現在    现在
"""

_SOFT = """
priority  優先級  优先级
limit     上限
from      自
until     至
owner     負責人  负责人
note      備註    备注
allow     容許    容许
once      一次
per       每
after     滿      满
every     每逢
at        在
for       對      对
each      每個    每个
with      具備    具备
skill     技能
by        依
as        以
to        到
via       經由    经由
exact     精確    精确
only      只有
hours     時段    时段
set       設定    设定
business  工時    工时
raise     提高
lower     降低
add       加上
remove    移除
tag       標籤    标签
move      移
route     分派
reassign  改派
team      團隊    团队
assign    指派
agent     客服
reply     回覆    回复
template  範本    范本
notify    通知
role      角色
recipient 收件人
followers 關注者  关注者
mentioned 被提及者
answer    自動答覆 自动答复
ask       邀請    邀请
rating    評分    评分
start     啟動    启动
cancel    取消
timer     計時器  计时器
open      開立    开立
mask      遮蔽
reject    拒收
flag      標記    标记
block     封鎖    封锁
member    會員    会员
do        執行    执行
stop      停止
"""

# Where Chinese says it otherwise: by the grammar's rule the keyword stands in (`raise_`, `days`: see the formatter).
_PLACES: dict[str, dict[str, str]] = {
    "to": {"set_": "成", "changed": "成", "tags": "給", "route": "給", "assign": "給", "open": "給"},
    "set": {"presence": "有值"},
    "with": {"affix": "是"},
    "from": {"words_file": "來自"},
    "for": {"start_timer": "為期", "block": "為期"},
    "after": {"reply": "延後"},
    "every": {"every_period": "每隔"},
    "business": {"days": "工作天"},
}
_PLACES_SIMPLIFIED = {
    "to": {"給": "给"},
    "from": {"來自": "来自"},
    "for": {"為期": "为期"},
    "after": {"延後": "延后"},
}


def _read(table: str, reserved: bool) -> list[Keyword]:
    found = []
    for line in table.split("\n"):
        if line:
            word, chinese, *simplified = line.split()
            places = _PLACES.get(word, {})
            also = {**({chinese: simplified[0]} if simplified else {}), **_PLACES_SIMPLIFIED.get(word, {})}
            found.append(Keyword(word.upper(), word, reserved, chinese, places, also))
    return found


KEYWORDS: tuple[Keyword, ...] = (*_read(_RESERVED, True), *_read(_SOFT, False))

TOKENS: Mapping[str, str] = {word: keyword.token for keyword in KEYWORDS for word in (keyword.en, *keyword.chinese)}
"""Token name by written word, of both sets."""

RESERVED: frozenset[str] = frozenset(keyword.token for keyword in KEYWORDS if keyword.reserved)
SOFT: tuple[str, ...] = tuple(keyword.token for keyword in KEYWORDS if not keyword.reserved)
WRITTEN: Mapping[str, str] = {keyword.token: keyword.en for keyword in KEYWORDS}
"""How a token is written in English: the name of an action or header, whatever the file is written in."""

_BY_TOKEN = {keyword.token: keyword for keyword in KEYWORDS}


def written(token: str, keywords: KeywordSet, place: str = "") -> str:
    """How the keyword `token` is written in a set, in a rule of the grammar if that matters.

    A token that is no keyword is given back as it is.
    """
    keyword = _BY_TOKEN.get(token)
    if keyword is None:
        return token
    return keyword.en if keywords == "en" else keyword.chinese_in(keywords, place)


def forms(token: str, keywords: KeywordSet) -> tuple[str, ...]:
    """Every form of the keyword `token` that is written in a set; none when it is no keyword."""
    keyword = _BY_TOKEN.get(token)
    if keyword is None:
        return ()
    if keywords == "en":
        return (keyword.en,)
    return tuple(dict.fromkeys(keyword.chinese_in(keywords, place) for place in ("", *keyword.places)))


def language_of(keywords: KeywordSet) -> Literal["en", "zh"]:
    """The language of a set, whatever the script."""
    return "en" if keywords == "en" else "zh"


def set_of(word: str) -> Literal["en", "zh"]:
    """The language a written keyword belongs to."""
    return "en" if word.isascii() else "zh"


_SIMPLIFIED = frozenset(form for keyword in KEYWORDS for form in keyword.simplified.values())
_TRADITIONAL = frozenset(form for keyword in KEYWORDS for form in keyword.simplified)


def script_of(words: Iterable[str]) -> Literal["zh", "zh-CN"]:
    """The script that most of these Chinese keywords are in; the Traditional one where it is even."""
    found = list(words)
    simple = sum(word in _SIMPLIFIED for word in found)
    return "zh-CN" if simple > sum(word in _TRADITIONAL for word in found) else "zh"

"""Know the legal forms that stand in firms' names: which spellings are one form, and which forms are two. No I/O.

Two spellings of one form (Ltd, Limited) make no difference between two names; two forms (Ltd, GmbH) are two legal
persons. A table of our own and no library: those we found only strip forms, and would take “Tui Ltd” and “Tui GmbH” for
one firm (docs/decisions/0010-who-is-who.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

_SPELLINGS = """
ltd: ltd | limited | ltee | limitee | teoranta | teo | cyf | cyfyngedig
pty ltd: pty ltd | pty | pty limited | proprietary limited | proprietary ltd
pvt ltd: pvt ltd | private limited | pvt limited | private ltd | p ltd | प्रा लि | प्राइवेट लिमिटेड
pte ltd: pte ltd | pte limited | pte
plc: plc | public limited company | cwmni cyfyngedig cyhoeddus
llc: llc | l l c | limited liability company | ooo | ооо | тоо | тов | 合同会社
pllc: pllc
llp: llp | limited liability partnership
lp: lp | limited partnership
inc: inc | incorporated
corp: corp | corporation
ulc: ulc
cic: cic
clg: clg | company limited by guarantee
dac: dac | designated activity company
gmbh: gmbh | mbh | gesellschaft mit beschrankter haftung | gesmbh
gmbh co kg: gmbh & co kg | gmbh & co | gmbh und co kg | gmbh co kg | ag & co kg | ug & co kg
ug: ug | ug haftungsbeschrankt | haftungsbeschrankt
ag: ag | aktiengesellschaft
kg: kg
kgaa: kgaa | kommanditgesellschaft auf aktien
ohg: ohg
og: og
gbr: gbr
ek: e k | ek | e kfm | e kfr
ev: e v | ev
eg: e g
sarl: sarl | societe a responsabilite limitee | s a r l
sas: sas | s a s
sasu: sasu
eurl: eurl
sci: sci
snc: snc
sa: sa | s a | societe anonyme | sociedad anonima
sau: sau
sl: sl | sociedad limitada | s l
slu: slu | sl unipersonal | s l u
slp: slp
scoop: s coop
srl: srl | s r l
sapi de cv: sapi de cv
sa de cv: sa de cv | s a de c v
s de rl de cv: s de rl de cv | s de r l de c v
sac: sac | s a c
eirl: eirl
lda: lda | limitada
unipessoal lda: unipessoal lda
ltda: ltda
eireli: eireli
spa: s p a
bv: bv | b v | besloten vennootschap
nv: nv | n v | naamloze vennootschap
vof: vof | v o f
bvba: bvba
cvba: cvba
ab: ab | aktiebolag
as: as | aksjeselskap | a s | anonim sirketi
asa: asa
aps: aps | anpartsselskab
oy: oy | osakeyhtio
oyj: oyj
ehf: ehf
hf: hf
ou: ou | oue
sia: sia
uab: uab
sp z oo: sp z oo | spolka z oo | sp z o o | spolka z ograniczona odpowiedzialnoscia | spzoo
sp k: sp k
sp j: sp j
sro: sro | s r o | spol s r o | spol sro
doo: doo | d o o
dd: dd | d d
kft: kft | korlatolt felelossegu tarsasag
zrt: zrt
nyrt: nyrt
bt: bt
ood: ood | оод
eood: eood | еоод
ad: ад | ad
zao: zao | зао
oao: oao | оао
pao: pao | пао
epe: επε | epe
ae: αε
ike: ικε
oe: οε
ltd sti: ltd sti | limited sirketi | ltd sirketi
kk: 株式会社 | kk | kabushiki kaisha | kabushikikaisha | k k | 株
yk: 有限会社 | yk | yugen kaisha
gk: gk
chinese ltd: 有限公司 | 有限责任公司 | 有限責任公司
chinese plc: 股份有限公司
jusik hoesa: 주식회사 | 주
sdn bhd: sdn bhd
bhd: bhd
pt: pt
thai ltd: จำกัด | บริษัท
thai plc: จำกัด มหาชน
israeli ltd: בע מ | בעמ
arabic llc: ذ م م | ذمم
tnhh: cong ty tnhh | tnhh
fze: fze
fz llc: fz llc
cc: cc
npc: npc
se: se
"""

_BEFORE = frozenset(
    {"sarl", "sas", "eurl", "sci", "srl", "llc", "sia", "uab", "tnhh", "zao", "oao", "pao", "ood", "sp z oo"}
    | {"kk", "yk", "gk", "chinese ltd", "chinese plc", "jusik hoesa", "thai ltd"}
)
"""Forms that stand before a name too. Of those with two letters none does: “AB Tasty” and “PT Fitness” are names."""
_SCRIPTS_WITHOUT_SPACES = tuple(
    "株式会社 有限会社 合同会社 股份有限公司 有限责任公司 有限責任公司 有限公司 주식회사 บริษัท จำกัด".split()
)
"""Forms that are written together with the name, the longer first."""


@cache
def _table() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for line in _as_compared(_SPELLINGS).strip().splitlines():
        form, _, spellings = line.partition(": ")
        for spelling in spellings.split(" | "):
            found[tuple(spelling.split())] = form
    return found


@cache
def _together() -> re.Pattern[str]:
    return re.compile("|".join(map(_as_compared, _SCRIPTS_WITHOUT_SPACES)))


def _as_compared(text: str) -> str:
    """Return a text in the form in which names are compared, where Thai vowels are taken apart."""
    return unicodedata.normalize("NFKC", text)


@cache
def _longest() -> int:
    return max(len(words) for words in _table())


def spaced(text: str) -> str:
    """Return a name with a space around the forms that some scripts write together with it."""
    return _together().sub(r" \g<0> ", text)


def split_forms(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return a name's words without its legal forms, and the forms; a name is never all form."""
    place, forms = without_forms(words)
    return tuple(words[place]), forms


def without_forms(words: Sequence[str]) -> tuple[slice, frozenset[str]]:
    """Return where a name's words stand between its legal forms, and the forms; a name is never all form."""
    left, start, forms = list(words), 0, set[str]()
    while True:
        if found := _at_end(left):
            form, left = found
        elif found := _at_start(left):
            start += len(left) - len(found[1])
            form, left = found
        else:
            return slice(start, start + len(left)), frozenset(forms)
        forms.add(form)


def _at_end(words: list[str]) -> tuple[str, list[str]] | None:
    for length in range(min(_longest(), len(words) - 1), 0, -1):
        form = _table().get(tuple(words[-length:]))
        if form is not None:
            return form, words[:-length]
    return None


def _at_start(words: list[str]) -> tuple[str, list[str]] | None:
    for length in range(min(_longest(), len(words) - 1), 0, -1):
        form = _table().get(tuple(words[:length]))
        if form in _BEFORE:
            return form, words[length:]
    return None

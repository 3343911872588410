"""Compare countries and towns, as people write them into an address. Does no I/O.

The countries are a table of our own: lists of ISO's names lack what people write (UK, Holland, Deutschland).
What stands in none of its lines says nothing, so that an odd spelling never tells two firms apart.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_NAMES = """
ad: and | andorra | principality of andorra
ae: are | united arab emirates | uae | emirates
af: afg | afghanistan | islamic republic of afghanistan
ag: atg | antigua and barbuda
ai: aia | anguilla
al: alb | albania | republic of albania
am: arm | armenia | republic of armenia
ao: ago | angola | republic of angola
ar: arg | argentina | argentine republic
as: asm | american samoa
at: aut | austria | republic of austria | osterreich | oesterreich | autriche | ausztria
au: aus | australia
aw: abw | aruba
ax: ala | aland islands
az: aze | azerbaijan | republic of azerbaijan
ba: bih | bosnia and herzegovina | republic of bosnia and herzegovina | bosnia
bb: brb | barbados
bd: bgd | bangladesh | people s republic of bangladesh
be: bel | belgium | kingdom of belgium | belgie | belgique | belgien | belgica
bf: bfa | burkina faso
bg: bgr | bulgaria | republic of bulgaria | bulgarija | българия
bh: bhr | bahrain | kingdom of bahrain
bi: bdi | burundi | republic of burundi
bj: ben | benin | republic of benin
bl: blm | saint barthelemy
bm: bmu | bermuda
bn: brn | brunei darussalam | brunei
bo: bol | bolivia | plurinational state of bolivia
bq: bes | bonaire
br: bra | brazil | federative republic of brazil | brasil
bs: bhs | bahamas | commonwealth of the bahamas
bt: btn | bhutan | kingdom of bhutan
bw: bwa | botswana | republic of botswana
by: blr | belarus | republic of belarus | белоруссия | беларусь
bz: blz | belize
ca: can | canada
cc: cck | cocos
cd: cod | congo democratic republic | dr congo | congo kinshasa | democratic republic of the congo
cf: caf | central african republic
cg: cog | congo | republic of the congo | congo brazzaville
ch: che | switzerland | swiss confederation | schweiz | suisse | svizzera | suiza
ci: civ | cote d ivoire | republic of cote d ivoire | ivory coast
ck: cok | cook islands
cl: chl | chile | republic of chile
cm: cmr | cameroon | republic of cameroon
cn: chn | china | people s republic of china | prc | 中国 | 中國
co: col | colombia | republic of colombia
cr: cri | costa rica | republic of costa rica
cu: cub | cuba | republic of cuba
cv: cpv | cabo verde | republic of cabo verde | cape verde
cw: cuw | curacao
cx: cxr | christmas island
cy: cyp | cyprus | republic of cyprus | κυπροσ
cz: cze | czechia | czech republic | cesko | ceska republika | tschechien
de: deu | germany | federal republic of germany | deutschland | allemagne | alemania | germania | duitsland | niemcy
dj: dji | djibouti | republic of djibouti
dk: dnk | denmark | kingdom of denmark | danmark | danemark
dm: dma | dominica | commonwealth of dominica
do: dom | dominican republic
dz: dza | algeria | people s democratic republic of algeria | algerie
ec: ecu | ecuador | republic of ecuador
ee: est | estonia | republic of estonia | eesti
eg: egy | egypt | arab republic of egypt | egypte | مصر
eh: esh | western sahara
er: eri | eritrea | state of eritrea
es: esp | spain | kingdom of spain | espana | spanien | espagne | spagna | spanje
et: eth | ethiopia | federal democratic republic of ethiopia
fi: fin | finland | republic of finland | suomi | finnland
fj: fji | fiji | republic of fiji
fk: flk | falkland islands
fm: fsm | micronesia | federated states of micronesia
fo: fro | faroe islands
fr: fra | france | french republic | frankreich | francia | frankrijk
ga: gab | gabon | gabonese republic
gb: gbr | united kingdom | uk | great britain | england | scotland | wales | northern ireland | grossbritannien
gd: grd | grenada
ge: geo | georgia
gf: guf | french guiana
gg: ggy | guernsey
gh: gha | ghana | republic of ghana
gi: gib | gibraltar
gl: grl | greenland
gm: gmb | gambia | republic of the gambia
gn: gin | guinea | republic of guinea
gp: glp | guadeloupe
gq: gnq | equatorial guinea | republic of equatorial guinea
gr: grc | greece | hellenic republic | hellas | ellada | griechenland | ελλαδα | ελλασ
gt: gtm | guatemala | republic of guatemala
gu: gum | guam
gw: gnb | guinea bissau | republic of guinea bissau
gy: guy | guyana | republic of guyana
hk: hkg | hong kong | hong kong special administrative region of china | hongkong | 香港 | hong kong sar
hn: hnd | honduras | republic of honduras
hr: hrv | croatia | republic of croatia | hrvatska | kroatien
ht: hti | haiti | republic of haiti
hu: hun | hungary | magyarorszag | ungarn
id: idn | indonesia | republic of indonesia
ie: irl | ireland | eire | republic of ireland | irland | irlande
il: isr | israel | state of israel | ישראל
im: imn | isle of man
in: ind | india | republic of india | bharat | भ रत
iq: irq | iraq | republic of iraq
ir: irn | iran | islamic republic of iran | persia
is: isl | iceland | republic of iceland | island
it: ita | italy | italian republic | italia | italien | italie
je: jey | jersey
jm: jam | jamaica
jo: jor | jordan | hashemite kingdom of jordan
jp: jpn | japan | nippon | nihon | 日本 | japon
ke: ken | kenya | republic of kenya
kg: kgz | kyrgyzstan | kyrgyz republic
kh: khm | cambodia | kingdom of cambodia
ki: kir | kiribati | republic of kiribati
km: com | comoros | union of the comoros
kn: kna | saint kitts and nevis
kp: prk | north korea | democratic people s republic of korea
kr: kor | south korea | korea | republic of korea | 대한민국 | 한국
kw: kwt | kuwait | state of kuwait
ky: cym | cayman islands
kz: kaz | kazakhstan | republic of kazakhstan
la: lao | lao people s democratic republic | laos | lao pdr
lb: lbn | lebanon | lebanese republic
lc: lca | saint lucia
li: lie | liechtenstein | principality of liechtenstein
lk: lka | sri lanka | democratic socialist republic of sri lanka
lr: lbr | liberia | republic of liberia
ls: lso | lesotho | kingdom of lesotho
lt: ltu | lithuania | republic of lithuania | lietuva | litauen
lu: lux | luxembourg | grand duchy of luxembourg | luxemburg
lv: lva | latvia | republic of latvia | latvija | lettland
ly: lby | libya
ma: mar | morocco | kingdom of morocco | maroc | marokko
mc: mco | monaco | principality of monaco
md: mda | moldova | republic of moldova
me: mne | montenegro | crna gora
mf: maf | saint martin
mg: mdg | madagascar | republic of madagascar
mh: mhl | marshall islands | republic of the marshall islands
mk: mkd | north macedonia | republic of north macedonia | macedonia
ml: mli | mali | republic of mali
mm: mmr | myanmar | republic of myanmar | burma
mn: mng | mongolia
mo: mac | macao | macao special administrative region of china | macau | 澳門
mp: mnp | northern mariana islands | commonwealth of the northern mariana islands
mq: mtq | martinique
mr: mrt | mauritania | islamic republic of mauritania
ms: msr | montserrat
mt: mlt | malta | republic of malta
mu: mus | mauritius | republic of mauritius
mv: mdv | maldives | republic of maldives
mw: mwi | malawi | republic of malawi
mx: mex | mexico | united mexican states | mejico | mexiko
my: mys | malaysia
mz: moz | mozambique | republic of mozambique
na: nam | namibia | republic of namibia
nc: ncl | new caledonia
ne: ner | niger | republic of the niger
nf: nfk | norfolk island
ng: nga | nigeria | federal republic of nigeria
ni: nic | nicaragua | republic of nicaragua
nl: nld | netherlands | kingdom of the netherlands | holland | nederland | niederlande | pays bas | paises bajos
no: nor | norway | kingdom of norway | norge | norwegen | noreg
np: npl | nepal | federal democratic republic of nepal
nr: nru | nauru | republic of nauru
nu: niu | niue
nz: nzl | new zealand | aotearoa | aotearoa new zealand | new zealand aotearoa | neuseeland
om: omn | oman | sultanate of oman
pa: pan | panama | republic of panama
pe: per | peru | republic of peru
pf: pyf | french polynesia
pg: png | papua new guinea | independent state of papua new guinea
ph: phl | philippines | republic of the philippines | pilipinas
pk: pak | pakistan | islamic republic of pakistan
pl: pol | poland | republic of poland | polska | polen | pologne
pm: spm | saint pierre and miquelon
pn: pcn | pitcairn
pr: pri | puerto rico
ps: pse | palestine | state of palestine
pt: prt | portugal | portuguese republic
pw: plw | palau | republic of palau
py: pry | paraguay | republic of paraguay
qa: qat | qatar | state of qatar
re: reu | reunion
ro: rou | romania | rumanien
rs: srb | serbia | republic of serbia | srbija | serbien | србија
ru: rus | russian federation | russia | russland | россия
rw: rwa | rwanda | rwandese republic
sa: sau | saudi arabia | kingdom of saudi arabia | ksa
sb: slb | solomon islands
sc: syc | seychelles | republic of seychelles
sd: sdn | sudan | republic of the sudan
se: swe | sweden | kingdom of sweden | sverige | schweden | suede | suecia
sg: sgp | singapore | republic of singapore | 新加坡
sh: shn | saint helena
si: svn | slovenia | republic of slovenia | slovenija | slowenien
sj: sjm | svalbard and jan mayen
sk: svk | slovakia | slovak republic | slovensko | slowakei
sl: sle | sierra leone | republic of sierra leone
sm: smr | san marino | republic of san marino
sn: sen | senegal | republic of senegal
so: som | somalia | federal republic of somalia
sr: sur | suriname | republic of suriname
ss: ssd | south sudan | republic of south sudan
st: stp | sao tome and principe | democratic republic of sao tome and principe
sv: slv | el salvador | republic of el salvador
sx: sxm | sint maarten | sint maarten dutch part
sy: syr | syrian arab republic | syria
sz: swz | eswatini | kingdom of eswatini | swaziland
tc: tca | turks and caicos islands
td: tcd | chad | republic of chad
tg: tgo | togo | togolese republic
th: tha | thailand | kingdom of thailand | ประเทศไทย
tj: tjk | tajikistan | republic of tajikistan
tk: tkl | tokelau
tl: tls | timor leste | democratic republic of timor leste | east timor
tm: tkm | turkmenistan
tn: tun | tunisia | republic of tunisia
to: ton | tonga | kingdom of tonga
tr: tur | turkiye | republic of turkiye | turkey | turkei
tt: tto | trinidad and tobago | republic of trinidad and tobago
tv: tuv | tuvalu
tw: twn | taiwan | 台灣 | 臺灣
tz: tza | tanzania | united republic of tanzania
ua: ukr | ukraine | ukraina | украіна
ug: uga | uganda | republic of uganda
us: usa | united states | united states of america | america | estados unidos | vereinigte staaten | etats unis
uy: ury | uruguay | eastern republic of uruguay
uz: uzb | uzbekistan | republic of uzbekistan
va: vat | holy see | vatican | vatican city
vc: vct | saint vincent and the grenadines
ve: ven | venezuela | bolivarian republic of venezuela
vg: vgb | virgin islands british | british virgin islands
vi: vir | virgin islands u s | us virgin islands | virgin islands of the united states
vn: vnm | viet nam | socialist republic of viet nam | vietnam
vu: vut | vanuatu | republic of vanuatu
wf: wlf | wallis and futuna
ws: wsm | samoa | independent state of samoa
ye: yem | yemen | republic of yemen
yt: myt | mayotte
za: zaf | south africa | republic of south africa | rsa | suid afrika | sudafrika
zm: zmb | zambia | republic of zambia
zw: zwe | zimbabwe | republic of zimbabwe
"""
"""By ISO 3166's code of two letters: that of three, the English names, and the names in the country's own tongue."""


@lru_cache(maxsize=5_000)
def country_code(text: str | None) -> str:
    """Return the code of a country in small letters; empty where nothing, or nothing known, is said."""
    return _codes().get(_plain(text or ""), "")


def other_place(one: str, other: str) -> bool:
    """Tell whether two towns are two; “Wellington” and “Wellington 6011” are one, and an empty one says nothing."""
    mine, theirs = set(_plain(one).split()), set(_plain(other).split())
    return bool(mine and theirs) and not (mine <= theirs or theirs <= mine)


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _NAMES.strip().splitlines():
        code, _, names = line.partition(": ")
        found |= {_plain(name): code for name in (code, *names.split(" | "))}
    return found


def _plain(text: str) -> str:
    """Return a name without case, accents, dots and article."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o").replace(".", ""))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", bare).split()).removeprefix("the ")

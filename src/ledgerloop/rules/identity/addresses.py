"""Compare email addresses and domains: whose mailbox an address is, and which firm a domain belongs to. Does no I/O.

A domain is compared as the part that somebody registered: mail.acme.co.nz and https://www.acme.co.nz/ are acme.co.nz,
by the public suffix list that tldextract brings along (nothing is fetched).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import idna
from email_validator import EmailNotValidError, validate_email

if TYPE_CHECKING:
    from tldextract import TLDExtract

FREE_MAIL = frozenset(
    "012.net.il 126.com 139.com 163.com 188.com 189.cn 21cn.com 9online.fr aanet.com.au aapt.net.au"
    " absamail.co.za abv.bg actrix.co.nz adam.com.au adinet.com.uy aim.com alice.it aliceadsl.fr aliyun.com"
    " ameritech.net amis.net aon.at apollo.lv arcor.de arnet.com.ar atlas.cz att.net au.com aussiebroadband.com.au"
    " autograf.pl azet.sk bahnhof.se bbox.fr belgacom.net bell.net bellsouth.net bezeqint.net biglobe.ne.jp"
    " bigmir.net bigpond.com bigpond.com.au bigpond.net.au biznetvigator.com bk.ru bluewin.ch blueyonder.co.uk"
    " bol.com.br bredband.net broadpark.no bsnl.in btinternet.com btopenworld.com callplus.net.nz cantv.net"
    " casema.nl cegetel.net centrum.cz centrum.sk centurylink.net centurytel.net charter.net chello.at chello.nl"
    " citromail.hu ciudad.com.ar clear.net.nz clix.pt club-internet.fr cogeco.ca comcast.net comhem.se cox.net"
    " cytanet.com.cy daum.net dion.ne.jp dir.bg docomo.ne.jp dodo.com.au duck.com duckduckgo.com earthlink.net"
    " eastlink.ca eim.ae eircom.net elisanet.fi email.com email.cz email.de email.it embarqmail.com"
    " emirates.net.ae entelchile.net eonet.ne.jp etb.net.co eunet.rs excite.co.jp exemail.com.au ezweb.ne.jp"
    " fastmail.com fastmail.fm fastwebnet.it fibertel.com.ar forthnet.gr foxmail.com free.fr freemail.hu"
    " freenet.de freenet.net freeserve.co.uk frisurf.no frontier.com frontiernet.net fsnet.co.uk gazeta.pl"
    " get2net.dk globo.com globomail.com glocalnet.net gmail.com goo.jp hanmail.net hetnet.nl hey.com hinet.net"
    " hispeed.ch hkstar.com hol.gr home.ne.jp home.nl home.se hot.ee hushmail.com i.softbank.jp i.ua iafrica.com"
    " icloud.com ig.com.br ihug.co.nz iinet.net.au in.gr inbox.com inbox.lv inbox.ru indamail.hu indiatimes.com"
    " indigo.ie inet.hr infoseek.jp inode.at inspire.net.nz interia.eu interia.pl internet.ru internode.on.net"
    " inwind.it iol.ie iol.it iol.pt iolfree.ie iprimus.com.au jazztel.es jubii.dk juno.com kabelmail.de kabsi.at"
    " kakao.com keemail.me kinect.co.nz kolumbus.fi kpnmail.nl kpnplanet.nl laposte.net libero.it lineone.net"
    " list.ru live.at live.be live.ca live.cl live.cn live.co.uk live.co.za live.com live.com.ar live.com.au"
    " live.com.mx live.com.pt live.de live.dk live.fr live.hk live.ie live.in live.it live.jp live.nl live.no"
    " live.nz live.se liwest.at luukku.com mac.com magenta.de mail.bg mail.com mail.de mail.dk mail.ee mail.pt"
    " mail.ru mail.tele.dk mailbox.org mailfence.com maxnet.co.nz me.com meta.ua mindspring.com movistar.es"
    " mts.net mweb.co.za mymts.net mynet.com nate.com naver.com nb.sympatico.ca net.hr netcabo.pt netcologne.de"
    " netscape.net netspace.net.au netvigator.com netvision.net.il netzero.net neuf.fr nifty.com noos.fr"
    " ntlworld.com numericable.fr o2.co.uk o2.pl ocn.ne.jp ofir.dk oi.com.br one.lv onet.pl onetel.com online.de"
    " online.ee online.no onlinehome.de ono.com op.pl optimum.net optonline.net optusnet.com.au orange.es"
    " orange.fr orcon.net.nz otenet.gr ozemail.com.au pacbell.net pacific.net.sg pandora.be paradise.net.nz"
    " passagen.se pchome.com.tw plala.or.jp planet.nl pldtdsl.net plus.com plusnet.com pm.me poczta.fm"
    " poczta.onet.pl post.cz post.sk post.tele.dk posteo.de pp.inet.fi primehome.com privaterelay.appleid.com"
    " prodigy.net prodigy.net.mx proton.ch proton.me protonmail.ch protonmail.com proximus.be pt.lu q.com qq.com"
    " r7.com rambler.ru rediffmail.com roadrunner.com rogers.com romandie.com rr.com runbox.com sancharnet.in"
    " sapo.pt sasktel.net saunalahti.fi sbcglobal.net scarlet.be seed.net.tw sezampro.rs seznam.cz sfr.fr shaw.ca"
    " sify.com simnet.is sina.cn sina.com sina.com.cn singnet.com.sg siol.net sky.com skynet.be slingshot.co.nz"
    " snap.net.nz snet.net so-net.ne.jp softbank.ne.jp sohu.com spark.co.nz speedy.com.ar spray.se starhub.net.sg"
    " start.no startmail.com stofanet.dk streamyx.com suddenlink.net sunrise.ch suomi24.fi supanet.com"
    " superonline.com swbell.net swipnet.se sympatico.ca t-2.net t-online.com t-online.de t-online.hu takas.lt"
    " talk21.com talktalk.net tdcadsl.dk tds.net tele2.nl tele2.se telefonica.net telenet.be teletu.it telia.com"
    " telkomsa.net telus.net terra.com.br terra.es tesco.net tin.it tiscali.be tiscali.co.uk tiscali.it"
    " tiscalinet.it tlen.pl tm.net.my tom.com tpg.com.au tpgi.com.au ttmail.com tuta.com tuta.io tutamail.com"
    " tutanota.com tutanota.de ukr.net une.net.co unitymedia.de uol.com.br upcmail.nl usa.net utanet.at"
    " verizon.net versanet.de versatel.nl videotron.ca vip.163.com vip.qq.com virgilio.it virgin.net"
    " virginmedia.com vodafone.co.nz vodafone.de vodafone.ie vodafone.it vodafonemail.de vodamail.co.za voila.fr"
    " volny.cz vp.pl vsnl.com vsnl.net vtr.net vtxmail.ch waitrose.com walla.co.il walla.com wanadoo.fr web.de"
    " webmail.co.za welho.com westnet.com.au windowslive.com windstream.net woosh.co.nz wp.pl xnet.co.nz xs4all.nl"
    " xtra.co.nz ya.com ya.ru ybb.ne.jp yeah.net yopmail.com youmail.dk zahav.net.il zebra.lt zeelandnet.nl"
    " zen.co.uk ziggo.nl zipmail.com.br zoho.com zoho.eu zohomail.com zohomail.in zoznam.sk".split()
)
"""Domains of free mail, and of the mailboxes that telephone companies give their customers: they say nothing about the
company behind an address. A table of our own: the lists that are published as packages hold thousands of joke and
throw-away domains, firms among them, and lack the telephone companies of most countries."""
FREE_BRANDS = frozenset("aol gmx googlemail hotmail msn outlook rocketmail yahoo yandex ymail".split())
"""Providers of free mail under the endings of many countries: hotmail.gr, yahoo.co.jp."""

_HOSTED = tuple(
    "000webhostapp.com angelfire.com bandcamp.com bigcartel.com blogspot.co.nz builderallwppro.com business.site"
    " canva.site company.site duda.site e-monsite.com eklablog.com framer.site ghost.io godaddysites.com gumroad.com"
    " home.blog homestead.com hostingersite.com hs-sites.com hubspotpagebuilder.com jimdo.com jimdofree.com"
    " jimdosite.com jouwweb.nl kinsta.cloud livejournal.com mailchimpsites.com mijnwebwinkel.nl moonfruit.com"
    " mozello.com mybigcommerce.com myfreesites.net mystore.no mystrikingly.com narod.ru negocio.site nethouse.ru"
    " onmicrosoft.com over-blog.com prestashop.com rocketspark.co.nz rocketspark.com sharepoint.com site123.me"
    " squarespace.com storenvy.com strikingly.com substack.com tilda.cc tilda.ws tripod.com tumblr.com typepad.com"
    " ucoz.com ucoz.ru ucraft.net ueniweb.com webador.co.uk webador.com webador.nl webnode.com webnode.page webs.com"
    " weebly.com wifeo.com wordpress.com wpcomstaging.com wpengine.com zohosites.com".split()
)
"""Hosts of sites and mail that the public suffix list lacks: below each of these names every one is another firm's."""
_PAGES = frozenset(
    "facebook.com fb.com instagram.com linkedin.com linktr.ee sites.google.com tiktok.com yelp.com".split()
)
"""Sites on which firms have a page and no name of their own: what stands behind the name tells them apart."""
_DOCUMENTATION = ("example", "example.com", "example.net", "example.org")
"""Below these names each one stands for a firm of its own, in documentation and demonstrations (RFC 2606)."""
_ADDRESS = re.compile(r"[^\s<>;,()\"]+@[^\s<>;,()\"]+")
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def email_key(text: str | None) -> str:
    """Return the address as it is compared: trimmed, lower case, ASCII; empty where it is no single valid address.

    HubSpot refuses a record whose email is not valid (INVALID_EMAIL) and Xero takes no umlauts, so what gets a key may
    also be sent: a domain with umlauts in its ASCII form, while before the @ there is no such form.
    """
    address = (text or "").strip()
    if not address:
        return ""
    try:
        checked = validate_email(
            address, check_deliverability=False, allow_quoted_local=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return ""
    return (checked.ascii_email or "").lower()


def email_problem(text: str | None) -> str:
    """Say what is wrong with an address and what to do; empty where nothing is."""
    address = (text or "").strip()
    if not address or email_key(address):
        return ""
    if address.count("@") > 1 or re.search(r"[;,\s]", address):
        return f"“{address}” holds more than one email address, or stray characters. Keep a single one."
    if not address.isascii():
        return f"“{address}” has letters that an email address cannot have in Xero. Write it without them."
    return f"“{address}” is not a valid email address. Correct it."


def emails_in(text: str | None) -> tuple[str, ...]:
    """Return the keys of all addresses in a text, for some people write two into one field."""
    return tuple(dict.fromkeys(key for found in _ADDRESS.findall(text or "") if (key := email_key(found))))


def mailbox(key: str) -> str:
    """Return the mailbox that an address reaches: without what stands behind a plus sign."""
    local, _, domain = key.rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in _DOTLESS else local}@{domain}" if local else key


def email_domain(key: str) -> str:
    """Return the firm's domain that an email key has; empty for free mail."""
    return domain_key(key.rpartition("@")[2])


@lru_cache(maxsize=50_000)
def domain_key(text: str | None) -> str:
    """Return the registrable part of a domain or web address, in ASCII; empty for free mail and for what is none."""
    host = (text or "").strip().lower()
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", host).partition("/")[0].partition("?")[0]
    host = host.rpartition("@")[2].partition(":")[0].strip(".")
    if not host or " " in host:
        return ""
    try:
        host = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        if not host.isascii():
            return ""
    if host in FREE_MAIL or host in _PAGES:
        return ""
    found = _suffixes()(host)
    if not found.domain or not found.suffix or (found.domain == "www" and found.suffix in _HOSTED):
        return ""
    domain = f"{found.domain}.{found.suffix}"
    return "" if domain in FREE_MAIL or domain in _PAGES or found.domain in FREE_BRANDS else domain


@cache
def _suffixes() -> TLDExtract:
    # It takes a third of a second to import, and most commands need it not.
    from tldextract import TLDExtract

    return TLDExtract(
        suffix_list_urls=(),
        cache_dir=None,
        include_psl_private_domains=True,
        extra_suffixes=(*_DOCUMENTATION, *_HOSTED),
    )

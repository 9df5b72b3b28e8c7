"""How this computer reaches the network, for drivers: its proxy and the certificates it trusts.

The library reads nothing from the environment; what the system says is looked up here and handed over.
"""

from __future__ import annotations

import ssl

import truststore
from PySide6.QtCore import QUrl
from PySide6.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from .accounts import NONE as NONE
from .accounts import PROXY_LOGIN as PROXY_LOGIN
from .accounts import SYSTEM as SYSTEM
from .accounts import Account

_SCHEMES = {
    QNetworkProxy.ProxyType.HttpProxy: "http",
    QNetworkProxy.ProxyType.HttpCachingProxy: "http",
    QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
}


def os_trust() -> ssl.SSLContext:
    """Trust what the system trusts: its store, company authorities included. TLS 1.2 or newer.

    At the top of a module, so that drivers pickle.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def options(account: Account, proxy_login: str, target: str) -> dict[str, object]:
    """The driver's network options. `target`: a URL at the service. It asks the system: use a thread."""
    return {
        "proxy_url": proxy_url(account.proxy, proxy_login, target),
        "ca_file": account.ca_file,
        "certificate_pin": account.pin,
        "ssl_context": os_trust,
        "user_agent": "skyferry",
    }


def proxy_url(choice: str, login: str, target: str) -> str:
    """The proxy for a target: "" for none. `choice` is an Account's `proxy`."""
    if choice == NONE:
        return ""
    if choice != SYSTEM:
        scheme, mark, rest = choice.partition("://")
        return f"{scheme}{mark}{login}@{rest}" if login else choice
    for found in QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(target))):
        kind = _SCHEMES.get(found.type(), "")
        if kind and found.hostName():
            url = QUrl()
            url.setScheme(kind)
            url.setHost(found.hostName())
            url.setPort(found.port())
            if found.user():
                url.setUserName(found.user())
                url.setPassword(found.password())
            return bytes(url.toEncoded().data()).decode().rstrip("/")
        if found.type() == QNetworkProxy.ProxyType.NoProxy:
            return ""
    return ""

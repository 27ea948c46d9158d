"""A house whose replicas reach the API server through proxies that make faults."""

import harness
from fault_proxy import FaultProxy


class ProxiedHouse(harness.House):
    """Every replica has a proxy of its own, `proxies[name]`."""

    def __init__(self, **options):
        self.proxies = {}
        super().__init__(**options)

    def credentials(self, name):
        direct = super().credentials(name)
        if name not in self.proxies:
            self.proxies[name] = FaultProxy(direct)
        return self.proxies[name].write_kubeconfig(self.folder / f"{name}.proxied")

    def close(self, ok=True):
        super().close(ok)
        for proxy in self.proxies.values():
            proxy.close()

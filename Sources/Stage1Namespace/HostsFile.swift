/// What an app without `/etc/hosts` of its own gets, with the pod's host name as one more name of the machine.
///
/// Source: rkt 1.30.0, stage1/aci/hosts-fallback and stage1/init/init.go.
func fallbackHostsFile(hostname: String) -> String {
    """
    # This is the default rkt /etc/hosts
    127.0.0.1 localhost localhost.domain localhost4 localhost4.localdomain4 \(hostname)

    ::1 ip6-localhost ip6-loopback localhost6 localhost6.localdomain6
    fe00::0 ip6-localnet
    ff00::0 ip6-mcastprefix
    ff02::1 ip6-allnodes
    ff02::2 ip6-allrouters
    ff02::3 ip6-allhosts

    """
}

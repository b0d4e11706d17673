/// Whether a text can be the name of a pod's machine: 1 to 64 letters, digits, dots, dashes and underscores.
///
/// The kernel would take more; but the name also stands in `/etc/hosts`, where a blank or a line break would be another
/// entry. Source: sethostname(2), `HOST_NAME_MAX`.
package func isHostname(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
}

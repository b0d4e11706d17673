/// Converts the value of the attribute `security.capability` between the forms for files of the host and of a user
/// namespace.
///
/// The kernel gives the capabilities of a file only in the namespace whose root the attribute names; the older form,
/// which images have, names the host's.
///
/// Source: capabilities(7), "File capability extended attribute versioning"; linux/capability.h, `vfs_ns_cap_data`.
package enum FileCapabilities {
    package static let attribute = "security.capability"

    private static let version2: UInt8 = 2
    private static let version3: UInt8 = 3
    private static let length2 = 20
    /// As version 2, and the namespace's root in the last four bytes, least significant first.
    private static let length3 = 24

    /// For the namespace that has these users; what is in another form already stays.
    package static func inside(_ users: UserRange, _ value: [UInt8]) -> [UInt8] {
        guard value.count == length2, value[3] == version2 else { return value }
        var converted = value
        converted[3] = version3
        return converted + withUnsafeBytes(of: users.shift.littleEndian, Array.init)
    }

    /// The form of images; what is meant for another namespace stays.
    package static func outside(_ users: UserRange, _ value: [UInt8]) -> [UInt8] {
        let root = withUnsafeBytes(of: users.shift.littleEndian, Array.init)
        guard value.count == length3, value[3] == version3, Array(value.suffix(4)) == root else { return value }
        var converted = Array(value.prefix(length2))
        converted[3] = version2
        return converted
    }
}

import CLinux
import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// The extended attributes of an open file whose names are admitted, sorted; none where the file system has none.
///
/// Source: flistxattr(2), fgetxattr(2).
func extendedAttributes(
    of descriptor: CInt, where admits: (String) -> Bool
) throws(SystemCallError) -> [ExtendedAttribute] {
    guard let names = try attributeNames(descriptor) else { return [] }
    var attributes: [ExtendedAttribute] = []
    for name in names.sorted() where admits(name) {
        if let value = try attributeValue(descriptor, name) {
            attributes.append(ExtendedAttribute(name: name, value: value))
        }
    }
    return attributes
}

/// Sets what an image may set; see ``ImageArchive/ExtendedAttribute/isAllowed(_:)``.
///
/// File capabilities need privileges and are left out without them.
func setExtendedAttributes(
    _ attributes: [ExtendedAttribute], on descriptor: CInt, path: [UInt8], isPrivileged: Bool
) throws(SystemCallError) {
    for attribute in attributes where ExtendedAttribute.isAllowed(attribute.name) {
        if attribute.name == "security.capability" && !isPrivileged { continue }
        try check("fsetxattr", "'\(attribute.name)' on '\(words(path))'") {
            attribute.value.withUnsafeBytes {
                clinux_fsetxattr(descriptor, attribute.name, $0.baseAddress, $0.count, 0)
            }
        }
    }
}

/// Attributes that the host's security modules put on files on their own; all others belong to the tree.
func isPutByTheHost(_ name: String) -> Bool {
    ["security.selinux", "security.ima", "security.evm", "security.apparmor"].contains(name)
        || name.hasPrefix("security.SMACK64")
}

private func attributeNames(_ descriptor: CInt) throws(SystemCallError) -> [String]? {
    while true {
        let size = clinux_flistxattr(descriptor, nil, 0)
        if size == 0 || size == -1 && errno == EOPNOTSUPP { return nil }
        var list = [CChar](repeating: 0, count: max(0, size))
        do {
            let length = try check("flistxattr", "descriptor \(descriptor)") {
                clinux_flistxattr(descriptor, &list, list.count)
            }
            return list.prefix(length).split(separator: 0).map {
                String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        } catch  where error.errno.rawValue == ERANGE {
            continue  // one more came in between
        }
    }
}

/// `nil` when it has gone in between.
private func attributeValue(_ descriptor: CInt, _ name: String) throws(SystemCallError) -> [UInt8]? {
    while true {
        do {
            let size = try check("fgetxattr", "'\(name)'") { clinux_fgetxattr(descriptor, name, nil, 0) }
            var value = [UInt8](repeating: 0, count: size)
            let length = try check("fgetxattr", "'\(name)'") {
                value.withUnsafeMutableBytes { clinux_fgetxattr(descriptor, name, $0.baseAddress, size) }
            }
            return Array(value.prefix(length))
        } catch  where error.errno.rawValue == ERANGE {
            continue  // it grew in between
        } catch  where error.errno.rawValue == ENODATA {
            return nil
        }
    }
}

extension ContentHasher {
    /// The digest of the extended attributes that belong to the tree; zero where there are none.
    mutating func digest(ofAttributesOf descriptor: CInt) throws(SystemCallError) -> ContentDigest {
        let attributes = try extendedAttributes(of: descriptor) { !isPutByTheHost($0) }
        if attributes.isEmpty { return ContentDigest() }
        var bytes: [UInt8] = []
        for attribute in attributes {
            for part in [Array(attribute.name.utf8), attribute.value] {
                withUnsafeBytes(of: UInt32(part.count).littleEndian) { bytes.append(contentsOf: $0) }
                bytes.append(contentsOf: part)
            }
        }
        return bytes.withUnsafeBytes { digest(of: $0) }
    }
}

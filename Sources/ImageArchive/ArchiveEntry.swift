/// One entry of an image archive: a file with all its metadata, without the data.
package struct ArchiveEntry: Equatable, Sendable {
    /// What the entry is.
    ///
    /// Targets of symlinks are data and kept as they are; targets of hard links are paths of the archive, cleaned like
    /// ``ArchiveEntry/path``.
    package enum Content: Equatable, Sendable {
        case file
        case directory
        case symlink(target: String)
        case hardLink(target: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// `manifest`, `rootfs` or `rootfs/…`: no empty, `.` or `..` components, no slash at the edges.
    package var path: String
    package var content: Content
    /// Permission bits with set-user-id, set-group-id and sticky bit; no type bits.
    package var mode: UInt32
    package var user: UInt32
    package var group: UInt32
    /// Bytes of a regular file, holes included; 0 for everything else.
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modificationTime: Int64
    package var extendedAttributes: [ExtendedAttribute]
    /// Where the data of a regular file starts in an uncompressed archive; it is contiguous and has ``size`` bytes.
    ///
    /// `nil` for sparse files and everything without data.
    package var dataOffset: UInt64?

    package init(
        path: String, content: Content, mode: UInt32, user: UInt32 = 0, group: UInt32 = 0, size: UInt64 = 0,
        modificationTime: Int64 = 0, extendedAttributes: [ExtendedAttribute] = []
    ) {
        self.path = path
        self.content = content
        self.mode = mode
        self.user = user
        self.group = group
        self.size = size
        self.modificationTime = modificationTime
        self.extendedAttributes = extendedAttributes
    }
}

/// A named value that a file carries beside its data.
package struct ExtendedAttribute: Equatable, Sendable {
    package let name: String
    package let value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// Whether an image may set this attribute: what users may set themselves, and file capabilities.
    ///
    /// Not labels of security modules, not the marks by which overlayfs finds what lies below (`trusted.overlay.*`,
    /// `user.overlay.*`): they steer the host, not the app.
    package static func isAllowed(_ name: String) -> Bool {
        name == "security.capability" || name.hasPrefix("user.") && !name.hasPrefix("user.overlay.")
    }
}

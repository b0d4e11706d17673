import CLinux

/// What the seal says about one entry of a rendered tree.
///
/// On disk: the fields in this order, in the byte order of the machine, then the length of the name in two bytes, flags
/// in two (1: a file with several names), four zero bytes, the name, and zeros up to a multiple of eight, at least one. The first 16 bytes, inode and change time,
/// differ between two renderings of the same images; the tree's digest leaves them out.
struct SealRecord: Equatable {
    var inode: UInt64 = 0
    /// Nanoseconds since 1970.
    var changeTime: Int64 = 0
    /// Bytes of a file or a symlink's target, the number of a device, 0 for directories.
    var size: UInt64 = 0
    /// With the type bits.
    var mode: UInt32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0
    /// The number of the directory's record; the top, record 0, names itself.
    var parent: UInt32 = 0
    var attributes = ContentDigest()
    var content = ContentDigest()
    /// A file with several names.
    var isLinked = false

    /// Bytes of everything before the name.
    static let fixedSize = 112
    /// Bytes at the start that the tree's digest leaves out.
    static let volatileSize = 16
    /// Bytes of the longest record.
    static let maximumSize = fixedSize + 264
    static let nameLengthOffset = 104
    private static let flagsOffset = 106

    init() {}

    init(_ status: clinux_stat, parent: UInt32) {
        update(status)
        self.parent = parent
    }

    mutating func update(_ status: clinux_stat) {
        inode = status.inode
        changeTime = status.change_time
        mode = status.mode
        user = status.user
        group = status.group
        size = Self.size(status)
        isLinked = status.mode & 0o170000 == 0o100000 && status.links > 1
    }

    /// What ``size`` is for a file.
    static func size(_ status: clinux_stat) -> UInt64 {
        switch status.mode & 0o170000 {
        case 0o100000, 0o120000: status.size
        case 0o020000, 0o060000: clinux_makedev(status.special_major, status.special_minor)
        default: 0
        }
    }

    /// Whether a file is what it was, as far as the kernel vouches for it.
    func isUnchanged(_ status: clinux_stat) -> Bool {
        inode == status.inode && changeTime == status.change_time && mode == status.mode && user == status.user
            && group == status.group && size == Self.size(status)
    }

    /// Bytes of a record whose name has `length` bytes.
    static func size(nameLength length: Int) -> Int { fixedSize + (length + 8) / 8 * 8 }

    /// Reads everything but the name.
    init(_ bytes: UnsafeRawBufferPointer) {
        inode = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        changeTime = bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        size = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        mode = bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
        user = bytes.loadUnaligned(fromByteOffset: 28, as: UInt32.self)
        group = bytes.loadUnaligned(fromByteOffset: 32, as: UInt32.self)
        parent = bytes.loadUnaligned(fromByteOffset: 36, as: UInt32.self)
        attributes = ContentDigest(UnsafeRawBufferPointer(rebasing: bytes[40..<72]))
        content = ContentDigest(UnsafeRawBufferPointer(rebasing: bytes[72..<104]))
        isLinked = bytes.loadUnaligned(fromByteOffset: Self.flagsOffset, as: UInt16.self) != 0
    }

    static func nameLength(_ bytes: UnsafeRawBufferPointer) -> Int {
        Int(bytes.loadUnaligned(fromByteOffset: nameLengthOffset, as: UInt16.self))
    }

    /// Writes everything but the name and its length.
    func store(into bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: inode, toByteOffset: 0, as: UInt64.self)
        bytes.storeBytes(of: changeTime, toByteOffset: 8, as: Int64.self)
        bytes.storeBytes(of: size, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: mode, toByteOffset: 24, as: UInt32.self)
        bytes.storeBytes(of: user, toByteOffset: 28, as: UInt32.self)
        bytes.storeBytes(of: group, toByteOffset: 32, as: UInt32.self)
        bytes.storeBytes(of: parent, toByteOffset: 36, as: UInt32.self)
        attributes.store(into: UnsafeMutableRawBufferPointer(rebasing: bytes[40..<72]))
        content.store(into: UnsafeMutableRawBufferPointer(rebasing: bytes[72..<104]))
        bytes.storeBytes(of: isLinked ? 1 : 0, toByteOffset: Self.flagsOffset, as: UInt16.self)
    }

    /// Writes the name, its length and the zeros around them; `bytes` has the size of the record.
    static func storeName(_ name: UnsafeRawBufferPointer, into bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: UInt16(truncatingIfNeeded: name.count), toByteOffset: nameLengthOffset, as: UInt16.self)
        bytes.storeBytes(of: 0, toByteOffset: nameLengthOffset + 4, as: UInt32.self)
        for index in fixedSize..<bytes.count {
            bytes[index] = index - fixedSize < name.count ? name[index - fixedSize] : 0
        }
    }
}

extension ContentDigest {
    init(_ bytes: UnsafeRawBufferPointer) {
        words.0 = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        words.1 = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        words.2 = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        words.3 = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    func store(into bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: words.0, toByteOffset: 0, as: UInt64.self)
        bytes.storeBytes(of: words.1, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: words.2, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: words.3, toByteOffset: 24, as: UInt64.self)
    }
}

import CLinux
import Glibc
import LinuxSystem

/// The names in a directory without `.` and `..`, as bytes, in the order of their bytes.
struct DirectoryListing: ~Copyable {
    struct Item {
        var offset: Int
        /// The `d_type` of the entry; 0 where the file system does not say.
        var type: UInt8
    }

    private var storage: UnsafeMutablePointer<CChar>
    private var used = 0
    private var capacity = 1 << 12
    private(set) var items: [Item] = []

    /// Reads from the start of an open directory.
    ///
    /// Source: getdents64(2).
    init(_ directory: CInt) throws(SystemCallError) {
        storage = .allocate(capacity: capacity)
        try check("lseek", "descriptor \(directory)") { lseek(directory, 0, SEEK_SET) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let length = try check("getdents64", "descriptor \(directory)") {
                clinux_getdents(directory, buffer.baseAddress, buffer.count)
            }
            if length == 0 { break }
            var offset = 0
            while offset < length {
                let size = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
                append(UnsafeRawBufferPointer(rebasing: buffer[(offset + 18)..<(offset + size)]))
                offset += size
            }
        }
        let names = storage
        items.sort { strcmp(names + $0.offset, names + $1.offset) < 0 }
    }

    deinit { storage.deallocate() }

    var count: Int { items.count }

    /// The name with its zero; valid as long as this value.
    func name(_ item: Item) -> UnsafePointer<CChar> { UnsafePointer(storage + item.offset) }

    /// - Parameter entry: the type, the name and its zero.
    private mutating func append(_ entry: UnsafeRawBufferPointer) {
        let name = entry.dropFirst().prefix { $0 != 0 }
        if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return }
        if used + name.count + 1 > capacity {
            let larger = UnsafeMutablePointer<CChar>.allocate(capacity: capacity * 2)
            larger.update(from: storage, count: used)
            storage.deallocate()
            storage = larger
            capacity *= 2
        }
        items.append(Item(offset: used, type: entry[0]))
        for byte in name {
            storage[used] = CChar(bitPattern: byte)
            used += 1
        }
        storage[used] = 0
        used += 1
    }
}

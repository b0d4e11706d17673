import ImageArchive
import LinuxSystem
import OCIImage
import SystemPackage

/// Files that make up an image, in a directory or in an archive.
protocol ImageMembers {
    func contains(_ name: String) throws -> Bool
    /// A small file as a whole.
    func read(_ name: String, limit: Int) throws -> [UInt8]
    func layer(_ name: String, digest: OCIDigest?) throws -> LayerBlob
}

/// A directory that somebody else may have filled: no symlink in it leads out of it.
struct DirectoryMembers: ImageMembers {
    private let directory: OpenFile

    init(_ path: FilePath) throws { directory = OpenFile(try Descriptor.open(path, [.directory])) }

    func contains(_ name: String) throws -> Bool {
        do {
            _ = try directory.descriptor.openBeneath(name, [.path], confinement: .beneath)
            return true
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return false
        }
    }

    func read(_ name: String, limit: Int) throws -> [UInt8] {
        let source = try LayerBlob(.beneath(directory, name: name)).open()
        if source.range.count > limit { throw ConversionError.memberTooLarge(shown(name), limit: limit) }
        return try source.file.readAll(limit: limit)
    }

    func layer(_ name: String, digest: OCIDigest?) throws -> LayerBlob {
        LayerBlob(.beneath(directory, name: name), digest: digest)
    }
}

/// The members of a tar archive; the last one of a name counts.
struct ArchiveMembers: ImageMembers {
    /// Members of an archive: three for each layer, and a few more.
    static let maximumMembers = 10_000
    /// Symlinks from one member to the next.
    private static let maximumLinks = 8

    private enum Member {
        case part(Range<UInt64>)
        case link(String)
        case other
    }

    private let file: OpenFile
    private var members: [String: Member] = [:]

    /// Reads the names of all members.
    ///
    /// A compressed archive is unpacked into a file without a name in the directory `scratch`.
    init(_ path: FilePath, scratch: FilePath, limits: ArchiveLimits = .standard) throws {
        let archive = try Descriptor.open(path, [.readOnly, .nonBlocking, .noControllingTerminal])
        let status = try FileStatus(of: archive)
        guard status.kind == .file else { throw ConversionError.memberNotAFile("\(path)") }
        let input = try Decompressor(archive.duplicate(), limits: limits)
        file = OpenFile(input.compression == .none ? archive : try unpacked(input, in: scratch, limits))
        var reader = try ArchiveReader(reading: file.descriptor, layout: .layer, limits: limits)
        while let entry = try reader.next() {
            members[entry.path] =
                switch entry.content {
                case .file:
                    entry.size == 0 ? .part(0..<0) : entry.dataOffset.map { .part($0..<$0 + entry.size) } ?? .other
                case .symlink(let target): .link(try resolved(target, from: entry.path))
                case .hardLink(let target): .link(target)
                default: .other
                }
            if members.count > Self.maximumMembers {
                throw ConversionError.tooManyMembers(limit: Self.maximumMembers)
            }
        }
    }

    func contains(_ name: String) -> Bool { members[name] != nil }

    func read(_ name: String, limit: Int) throws -> [UInt8] {
        let range = try part(name)
        if range.count > limit { throw ConversionError.memberTooLarge(shown(name), limit: limit) }
        var content = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < content.count {
            let offset = Int64(clamping: range.lowerBound) + Int64(done)
            let count = try content.withUnsafeMutableBytes {
                try file.descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]), at: offset)
            }
            if count == 0 { throw ArchiveError.truncated }
            done += count
        }
        return content
    }

    func layer(_ name: String, digest: OCIDigest?) throws -> LayerBlob {
        LayerBlob(.part(of: file, try part(name)), digest: digest)
    }

    private func part(_ name: String) throws(ConversionError) -> Range<UInt64> {
        var next = name
        for _ in 0...Self.maximumLinks {
            switch members[next] {
            case .part(let range): return range
            case .link(let target): next = target
            case .other: throw .memberNotAFile(shown(name))
            case nil: throw .missingMember(shown(next))
            }
        }
        throw .memberNotAFile(shown(name))
    }
}

private func unpacked(_ input: Decompressor, in scratch: FilePath, _ limits: ArchiveLimits) throws -> Descriptor {
    let directory = try Descriptor.open(scratch, [.directory])
    let file = try directory.open(".", [.readWrite, .temporary], mode: 0o600)
    var total = UnpackedLayer.empty
    while true {
        let block = try input.next()
        if block.isEmpty { return file }
        total.plainBytes += UInt64(block.count)
        try total.check(limits, compressedBytes: input.compressedBytes)
        try file.writeAll(block)
    }
}

/// The name of the member that a symlink leads to; nothing leads above the top.
private func resolved(_ target: String, from name: String) throws(ConversionError) -> String {
    var components = target.hasPrefix("/") ? [] : name.split(separator: "/").dropLast()
    for component in target.split(separator: "/") where component != "." {
        if component != ".." {
            components.append(component)
        } else if components.popLast() == nil {
            throw .memberNotAFile(shown(name))
        }
    }
    return components.joined(separator: "/")
}

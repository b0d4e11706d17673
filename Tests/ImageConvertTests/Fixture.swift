import AppContainer
import FetchInterface
import Glibc
import ImageArchive
import ImageConvert
import JSON
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport

let linux = OCIPlatform(os: "linux", architecture: "amd64")

/// An OCI image layout under construction, with images of any layers.
struct LayoutBuilder {
    let path: FilePath
    private var manifests: [JSONValue] = []

    init(_ path: FilePath) throws {
        self.path = path
        try TestSupport.makeDirectories(path.appending("blobs/sha256"))
        try writeText(#"{"imageLayoutVersion":"1.0.0"}"#, to: path.appending("oci-layout"))
    }

    /// What the config of an image says besides its layers; the members can be replaced one by one.
    static let config: JSONObject = [
        "architecture": "amd64", "os": "linux", "config": ["Entrypoint": ["/bin/app"], "Cmd": ["x"]],
    ]

    func addBlob(_ content: [UInt8]) throws -> OCIDigest {
        let digest = OCIDigest(of: content)
        try writeBytes(content, to: path.appending("blobs/sha256/\(digest.digits)"))
        return digest
    }

    /// Packs entries as a layer: its descriptor, and the digest of the bare archive.
    func addLayer(_ entries: [TarEntry], _ packing: Packing = .gzip) throws -> (descriptor: JSONValue, diffID: String) {
        let file = path.appending("layer")
        try TarFile.write(entries, to: file)
        return try addLayer(file: file, packing)
    }

    /// Packs a tar archive in place and moves it in.
    func addLayer(file: FilePath, _ packing: Packing) throws -> (descriptor: JSONValue, diffID: String) {
        let diffID = OCIDigest(of: try readBytes(file))
        try packing.apply(to: file)
        let content = try readBytes(file)
        let digest = try addBlob(content)
        unlink(file.string)
        let suffix = [Packing.gzip: "+gzip", .zstd: "+zstd"][packing] ?? ""
        return (
            [
                "mediaType": .string("application/vnd.oci.image.layer.v1.tar\(suffix)"),
                "digest": .string(digest.description), "size": content.count.json,
            ], diffID.description
        )
    }

    mutating func addImage(
        _ layers: [[TarEntry]], tag: String? = "latest", config: JSONObject = config, _ packing: Packing = .gzip,
        platform: JSONValue? = nil
    ) throws {
        try addImage(packed: try layers.map { try addLayer($0, packing) }, tag: tag, config: config, platform: platform)
    }

    mutating func addImage(
        packed layers: [(descriptor: JSONValue, diffID: String)], tag: String? = "latest", config: JSONObject = config,
        platform: JSONValue? = nil
    ) throws {
        var config = config
        config["rootfs"] = ["type": "layers", "diff_ids": .array(layers.map { .string($0.diffID) })]
        let configBytes = JSONValue.object(config).serializedBytes()
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": [
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": .string(try addBlob(configBytes).description), "size": configBytes.count.json,
            ],
            "layers": .array(layers.map(\.descriptor)),
        ]
        let bytes = manifest.serializedBytes()
        var descriptor: JSONObject = [
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": .string(try addBlob(bytes).description), "size": bytes.count.json,
        ]
        if let tag { descriptor["annotations"] = ["org.opencontainers.image.ref.name": .string(tag)] }
        if let platform { descriptor["platform"] = platform }
        manifests.append(.object(descriptor))
        let index: JSONValue = ["schemaVersion": 2, "manifests": .array(manifests)]
        try writeBytes(index.serializedBytes(), to: path.appending("index.json"))
    }
}

/// Converts an image of layers: its manifest, and the entries of its archive.
func converted(
    _ layers: [[TarEntry]], config: JSONObject = LayoutBuilder.config, _ packing: Packing = .gzip,
    limits: ArchiveLimits = .standard
) throws -> (manifest: ImageManifest, entries: [ArchiveEntry]) {
    try TemporaryDirectory.with("convert") { path in
        var layout = try LayoutBuilder(path.appending("image"))
        try layout.addImage(layers, config: config, packing)
        let result = try convert("oci:\(path)/image", in: path, limits: limits)
        return (result.archive.manifest, result.entries)
    }
}

func convert(
    _ source: String, in path: FilePath, limits: ArchiveLimits = .standard
) throws -> (archive: ImportedArchive, entries: [ArchiveEntry]) {
    guard let source = try LocalSource(parsing: source) else { throw Trouble("no local source: \(source)") }
    return try convert(source.open(for: linux, scratch: path), in: path, limits: limits)
}

func convert(
    _ image: LayeredImage, in path: FilePath, limits: ArchiveLimits = .standard
) throws -> (archive: ImportedArchive, entries: [ArchiveEntry]) {
    let blob = try Descriptor.open(path.appending("blob"), [.readWrite, .create, .truncate], mode: 0o600)
    let archive = try ImageConvert.convert(image, to: blob, limits: limits)
    #if DEBUG
        // What was written is what any reader finds.
        let copy = try Descriptor.open(path.appending("copy"), [.readWrite, .create, .truncate], mode: 0o600)
        try blob.seek(to: 0)
        let imported = try importArchive(from: blob, to: copy)
        guard imported.id == archive.id, imported.size == archive.size, imported.manifest == archive.manifest else {
            throw Trouble("\(archive) was said to be written, \(imported) found")
        }
    #endif
    var reader = try ArchiveReader(reading: blob)
    var entries: [ArchiveEntry] = []
    while let entry = try reader.next() { entries.append(entry) }
    return (archive, entries)
}

/// The tree that layers make, one line for each entry below `rootfs`, without the links in `/dev`.
func tree(_ layers: [TarEntry]...) throws -> [String] {
    try converted(layers).entries.compactMap { entry in
        let path = entry.path.dropFirst("rootfs".count)
        if !entry.path.hasPrefix("rootfs/") || path == "/dev" || path.hasPrefix("/dev/") { return nil }
        return switch entry.content {
        case .file: "\(path) \(entry.size)"
        case .directory: "\(path)/"
        case .symlink(let target): "\(path) -> \(target)"
        case .hardLink(let target): "\(path) = \(target.dropFirst("rootfs".count))"
        case .characterDevice(let major, let minor): "\(path) c\(major),\(minor)"
        case .blockDevice(let major, let minor): "\(path) b\(major),\(minor)"
        case .fifo: "\(path) p"
        }
    }
}

/// An error as a person sees it.
func sentence(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}

/// Output of a program of the system that must succeed.
@discardableResult
func shell(_ script: String, in directory: FilePath) throws -> String {
    var command = Command("/bin/sh", ["-ec", script])
    command.workingDirectory = directory
    command.timeLimit = .seconds(120)
    let result = try command.run()
    if result.status != 0 { throw Trouble("\(result)") }
    return result.text
}

import AppContainer
import Glibc
import ImageArchive
import JSON
import LinuxSystem

/// Packs an image with our own `TarWriter`: the stage1 images, and small images for demo and benchmark.
///
/// Two runs with the same input give the same bytes.
@main
struct PackImage {
    static func main() {
        do {
            try pack(PackOptions(Array(CommandLine.arguments.dropFirst())))
        } catch {
            try? Descriptor(owning: dup(2)).writeAll("pack-image: \(error)\n")  // nobody is left to tell
            exit(254)
        }
    }

    private static func pack(_ options: PackOptions) throws {
        guard let manifestPath = options.manifest, let output = options.output else {
            throw Failure("'--manifest' and '--output' are needed\n\(PackOptions.usage)")
        }
        let manifest = try manifest(readFile(manifestPath, limit: 4 << 20), labels: options.labels)
        let plan = try ImagePlan(options, seconds: sourceDate())
        let file = try Descriptor.open(output, [.writeOnly, .create, .truncate], mode: 0o644)
        let compression: Compression = options.gzip ? .gzip : .none
        if let tree = options.tree {
            var writer = try ACIWriter(writingTo: file, compression: compression)
            try writer.add(manifest: manifest)
            try writer.add(tree: Descriptor.open(tree, [.readOnly, .directory]))
            try writer.finish()
        } else {
            var writer = try TarWriter(writingTo: file, compression: compression)
            let entry = ArchiveEntry(path: "manifest", content: .file, mode: 0o644, modificationTime: plan.time)
            try writer.add(entry, data: manifest)
            for item in plan.items { try add(item, to: &writer) }
            try writer.finish()
        }
    }

    private static func add(_ item: ImagePlan.Item, to writer: inout TarWriter) throws {
        guard let source = item.source else { return try writer.add(item.entry) }
        try writer.add(item.entry, data: Descriptor.open(source, [.readOnly]))
    }

    /// The time of every entry in seconds since 1970; a constant, so that the bytes depend on nothing but the content.
    ///
    /// Source: reproducible-builds.org, SOURCE_DATE_EPOCH specification 1.1.
    private static func sourceDate() throws -> Int64 {
        guard let text = environmentVariable("SOURCE_DATE_EPOCH") else { return 1_500_000_000 }
        guard let seconds = Int64(text), 0...8_000_000_000 ~= seconds else {
            throw Failure("SOURCE_DATE_EPOCH '\(text)' is no time")
        }
        return seconds
    }

    /// The manifest with labels replaced, checked as it will be when the image is read.
    private static func manifest(_ bytes: [UInt8], labels: [(name: String, value: String)]) throws -> [UInt8] {
        let json = try JSONValue(parsing: bytes)
        guard var object = json.object else { throw Failure("the manifest is \(json.kind), not an object") }
        var list = object["labels"]?.array ?? []
        for label in labels {
            let value: JSONValue = ["name": .string(label.name), "value": .string(label.value)]
            if let place = list.firstIndex(where: { $0["name"]?.string == label.name }) {
                list[place] = value
            } else {
                list.append(value)
            }
        }
        if !list.isEmpty { object["labels"] = .array(list) }
        let complete = JSONValue.object(object)
        _ = try ImageManifest(json: complete)
        return Array(complete.serialized().utf8)
    }
}

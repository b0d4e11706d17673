import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport

/// A store in a fresh directory, and images to put into it.
struct StoreFixture {
    let directory: TemporaryDirectory
    let data: FilePath

    init() throws {
        directory = try TemporaryDirectory()
        data = directory.path.appending("data")
    }

    /// A new value each time, as another process would have it.
    var store: ContentStore { get throws { try ContentStore(dataDirectory: data) } }

    @discardableResult
    func add(
        _ name: String = "example.com/a", version: String? = "1", content: String = "hello", latest: Bool = false,
        now: Int64 = 1000
    ) throws -> ImageInfo {
        let path = directory.path.appending("image.aci")
        try ACIBuilder(name: name).label("version", version).file("/x", content).write(to: path, .gzip)
        return try store.importImage(from: Descriptor.open(path), latest: latest, now: now)
    }

    /// Everything in the store but the index and locks, by path.
    func files() throws -> [String] {
        let command = Command(
            "/bin/sh", ["-c", "cd '\(data)/cas' && find . -type f ! -path './db/*' ! -path './imagelocks/*' | sort"])
        return try command.run().lines
    }
}

func imageName(_ text: String) throws -> ImageName { try ImageName(parsing: text) }

package import AppContainer
import ImageArchive
package import LinuxSystem
package import SystemPackage
package struct ImageInfo { package let id: ImageID }
package struct ContentStore {
    let dir: FilePath
    package init(dataDirectory: FilePath) throws { dir = dataDirectory.appending("cas"); try makeDirectories(dir.appending("blob"), mode: 0o700) }
    package func importImage(from source: borrowing Descriptor, latest: Bool, now: Int64) throws -> ImageInfo {
        let t = dir.appending("blob/tmp")
        let f = try Descriptor.open(t, [.readWrite, .create, .truncate], mode: 0o600)
        let a = try importArchive(from: source, to: f)
        let id = ImageID(digest: a.digest)
        try writeFile(a.manifest, to: dir.appending("blob/\(id).m"), mode: 0o600, durable: false)
        let d = try Descriptor.open(dir.appending("blob"), [.directory])
        try d.rename("tmp", to: d, as: "\(id)")
        return ImageInfo(id: id)
    }
    package func manifestBytes(of id: ImageID) throws -> [UInt8] { try readFile(dir.appending("blob/\(id.key).m")) }
    package func manifest(of id: ImageID) throws -> ImageManifest { try ImageManifest(parsing: manifestBytes(of: id)) }
    package func openBlob(_ id: ImageID) throws -> Descriptor { try Descriptor.open(dir.appending("blob/\(id.key)")) }
    package func resolve(_ s: String) throws -> ImageID { try ImageID(parsing: s) }
    package func best(named: ImageName) throws -> ImageInfo {
        for n in try listDirectory(dir.appending("blob")) where n.hasSuffix(".m") {
            let id = try ImageID(parsing: String(n.dropLast(2)))
            if try manifest(of: id).name == named.name { return ImageInfo(id: id) }
        }
        throw Failure("not found")
    }
    package func setTreeSize(_ id: ImageID, _ size: UInt64) throws {}
}

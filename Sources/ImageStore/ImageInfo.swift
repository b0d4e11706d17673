package import AppContainer

/// What the index knows about a stored image.
package struct ImageInfo: Equatable, Sendable {
    package let id: ImageID
    package let name: ACIdentifier
    /// Nanoseconds since 1970.
    package let importTime: Int64
    /// Nanoseconds since 1970.
    package var lastUsed: Int64
    /// Whether it was fetched without asking for a version.
    package let latest: Bool
    /// Bytes of the uncompressed archive.
    package let size: UInt64
    /// Bytes of the rendered tree; 0 when there is none.
    package let treeSize: UInt64

    package init(
        id: ImageID, name: ACIdentifier, importTime: Int64, lastUsed: Int64, latest: Bool, size: UInt64,
        treeSize: UInt64
    ) {
        self.id = id
        self.name = name
        self.importTime = importTime
        self.lastUsed = lastUsed
        self.latest = latest
        self.size = size
        self.treeSize = treeSize
    }
}

import FetchInterface
import Glibc
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

/// Two processes want the same layer; the other one is a second open file with a lock here.
@Suite struct RegistrySharingTests {
    private static let layer = "first layer"

    /// Fetches while somebody else has the layer's partial file; `whenWaiting` runs when we begin to wait.
    private func fetchSharing(
        _ registry: RegistryFixture, whenWaiting: @escaping @Sendable (FilePath) -> Void
    ) throws {
        let digest = RegistryFixture.digest(Self.layer)
        let partial = registry.downloads.appending(DownloadDirectory.partialName(digest.description))
        let other = try Descriptor.open(partial, [.readWrite, .create], mode: 0o600)
        try other.lock(.exclusive)
        let (number, downloads) = (other.raw, registry.downloads)
        let image = try registry.fetch(messages: { message in
            guard message == "another rkt instance is downloading this file, waiting..." else { return }
            whenWaiting(downloads)
            unlink(partial.string)
            flock(number, LOCK_UN)
        })
        #expect(try registry.contents(image) == RegistryFixture.blobs)
        #expect(Set(try registry.files()) == Set(([image.config] + image.layers).map(\.file)))
    }

    @Test func `what another process downloads is waited for and used`() throws {
        try RegistryFixture.with { registry throws in
            try fetchSharing(registry) { downloads in
                let name = RegistryFixture.digest(Self.layer).fileName
                try? writeText(Self.layer, to: downloads.appending(name))  // the test fails on a request then
            }
            #expect(registry.server.requests(for: RegistryFixture.blobPath(Self.layer)).isEmpty)
        }
    }

    @Test func `what another process has downloaded and used up is downloaded`() throws {
        try RegistryFixture.with { registry throws in
            try fetchSharing(registry) { _ in }
            #expect(registry.server.requests(for: RegistryFixture.blobPath(Self.layer)).count == 1)
        }
    }

    @Test func `a wrong blob of another process is not used`() throws {
        try RegistryFixture.with { registry throws in
            try fetchSharing(registry) { downloads in
                let name = RegistryFixture.digest(Self.layer).fileName
                try? writeText("wrong layer", to: downloads.appending(name))  // the test fails without a request
            }
            #expect(registry.server.requests(for: RegistryFixture.blobPath(Self.layer)).count == 1)
        }
    }
}

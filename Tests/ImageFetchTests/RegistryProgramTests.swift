import FetchInterface
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

/// With the registry of the `docker-registry` package, filled by umoci and skopeo.
@Suite struct RegistryProgramTests {
    /// Runs `body` with a registry on loopback that has `app` with three layers, and the layers' archives.
    private func withRegistry(_ body: (FilePath, _ host: String) throws -> Void) throws {
        try TemporaryDirectory.with("registry") { directory throws in
            let script = """
                umoci init --layout layout
                umoci new --image layout:app
                for number in 1 2 3; do
                    mkdir root; head -c 300000 /dev/urandom > root/random; yes $number | head -c 3000000 > root/$number
                    tar -cf layer-$number.tar -C root .; rm -r root
                    umoci raw add-layer --image layout:app layer-$number.tar
                done
                """
            try shell(script, [], in: directory, limit: .seconds(60))
            let configuration = """
                version: 0.1
                log: {level: info}
                storage: {filesystem: {rootdirectory: \(directory)/storage}}
                http: {addr: "127.0.0.1:0"}
                """
            try writeText(configuration, to: directory.appending("config.yml"))
            let program = try Programs.find("docker-registry")
            let registry = try Command(program, ["serve", directory.appending("config.yml").string]).start()
            defer {
                registry.killAll()
                registry.wait(.seconds(10))
            }
            let words = "listening on 127.0.0.1:"
            try waitUntil("the registry") {
                if !registry.isRunning { throw Trouble("\(registry.wait())") }
                return (registry.errorsSoFar + registry.outputSoFar).contains(words)
            }
            let log = registry.errorsSoFar + registry.outputSoFar
            guard let range = log.firstRange(of: words) else { throw Trouble("no port in \(log)") }
            try body(directory, "127.0.0.1:\(log[range.upperBound...].prefix(while: \.isNumber))")
        }
    }

    private func copy(_ directory: FilePath, _ host: String, _ tag: String, _ options: [String]) throws {
        let fixed = ["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"]
        try Command(
            try Programs.find("skopeo"),
            fixed + options + ["oci:\(directory)/layout:app", "docker://\(host)/team/app:\(tag)"]
        ).run().succeeded()
    }

    private func fetch(_ directory: FilePath, _ host: String, _ reference: String) throws -> RegistryImage {
        let downloads = directory.appending("downloads-\(OCIDigest(of: Array(reference.utf8)).digits.prefix(8))")
        try makeDirectories(downloads)
        let options = TransportOptions(skipsTLSVerification: true, allowsHTTP: true)
        let messages = Messages { _ in }
        let client = try HTTPClient(
            options, directory: try Descriptor.open(downloads, [.directory]), environment: { _ in nil },
            messages: messages)
        let job = RegistryDownload(
            host: host, repository: "team/app", reference: reference,
            platform: OCIPlatform(os: "linux", architecture: "amd64"), credentials: nil, tokenHosts: [])
        let image = try registryImage(
            job, options: options, client: client, log: DebugLog(messages: messages, isOn: false))
        for (number, layer) in image.layers.enumerated() {
            let tar = directory.appending("layer-\(number + 1).tar")
            let unpack = layer.mediaType.hasSuffix("zstd") ? "zstd -dcq" : "gzip -dc"
            try shell("\(unpack) < \"$1\" | cmp - \"$2\"", [downloads.appending(layer.file).string, tar.string])
        }
        #expect(try listDirectory(downloads).count == 4)
        return image
    }

    @Test func `schema 2, OCI and zstd, by tag and by digest`() throws {
        try withRegistry { directory, host throws in
            // First: skopeo would go on with layers of the other kind that the repository has.
            try copy(directory, host, "zstd", ["--format=oci", "--dest-compress-format=zstd", "--dest-compress"])
            try copy(directory, host, "oci", ["--format=oci"])
            try copy(directory, host, "docker", ["--format=v2s2"])
            var digests: Set<String> = []
            for (tag, type) in [
                ("oci", "application/vnd.oci.image.layer.v1.tar+gzip"),
                ("docker", "application/vnd.docker.image.rootfs.diff.tar.gzip"),
                ("zstd", "application/vnd.oci.image.layer.v1.tar+zstd"),
            ] {
                let image = try fetch(directory, host, tag)
                #expect(image.layers.map(\.mediaType) == [type, type, type])
                digests.insert(image.manifestDigest)
                let again = try fetch(directory, host, image.manifestDigest)
                #expect(again.manifestDigest == image.manifestDigest)
                #expect(again.layers.map(\.digest) == image.layers.map(\.digest))
            }
            #expect(digests.count == 3)
            do {
                _ = try fetch(directory, host, "missing")
                Issue.record("fetched")
            } catch let failure as Failure {
                #expect(
                    failure.description
                        == "error fetching 'team/app:missing' from the registry '\(host)': image not found:"
                        + " the registry '\(host)' has no 'team/app:missing' (HTTP status 404)")
            }
        }
    }
}

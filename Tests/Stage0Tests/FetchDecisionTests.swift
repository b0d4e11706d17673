import AppContainer
import FetchInterface
import ImageTrust
import SystemPackage
import Testing

@testable import Stage0

@Suite struct FetchDecisionTests {
    private struct Row {
        let reference: String
        /// For never, new and update; without and with an image in the store.
        let expected: [FetchDecision]
    }

    private let table = [
        Row(reference: "/a.aci", expected: Array(repeating: .readLocally, count: 6)),
        Row(reference: "file:///a.aci", expected: Array(repeating: .readLocally, count: 6)),
        Row(reference: "oci:/a", expected: Array(repeating: .readLocally, count: 6)),
        Row(reference: "oci-archive:/a", expected: Array(repeating: .readLocally, count: 6)),
        Row(reference: "docker-archive:/a", expected: Array(repeating: .readLocally, count: 6)),
        Row(
            reference: "https://example.com/a.aci",
            expected: [.giveUp, .useStored, .download, .useStored, .download, .download]),
        Row(
            reference: "docker://a",
            expected: [.giveUp, .useStored, .download, .useStored, .download, .download]),
        Row(
            reference: "example.com/a", expected: [.giveUp, .useStored, .discover, .useStored, .discover, .discover]),
        Row(
            reference: "sha512-ab", expected: [.giveUp, .useStored, .giveUp, .useStored, .giveUp, .useStored]),
    ]

    @Test func `what is done depends on the kind, the policy and the store`() throws {
        for row in table {
            let reference = try ImageReference(parsing: row.reference)
            let decisions = PullPolicy.allCases.flatMap { policy in
                [false, true].map { FetchDecision(for: reference, policy, isStored: $0) }
            }
            #expect(decisions == row.expected, "\(row.reference)")
        }
    }

    @Test func `each insecure option leaves out its own check and no other`() {
        let standard = TransferLimits.standard
        func transports(_ insecure: InsecureFetching) -> [Bool] {
            var options = FetchOptions(policy: .new, keys: KeyStore(system: "/", local: "/"))
            options.insecure = insecure
            let images = options.transport(standard)
            let keys = options.keyTransport(standard)
            return [
                options.checksSignatures, images.skipsTLSVerification, images.allowsHTTP, keys.skipsTLSVerification,
                keys.allowsHTTP,
            ]
        }
        #expect(transports([]) == [true, false, false, false, false])
        #expect(transports(.image) == [false, false, false, false, false])
        #expect(transports(.tls) == [true, true, false, false, false])
        #expect(transports(.http) == [true, false, true, false, false])
        #expect(transports(.publicKey) == [true, false, false, false, false])
        #expect(transports([.publicKey, .http]) == [true, false, true, false, true])
        #expect(transports([.publicKey, .tls]) == [true, true, false, true, false])
        #expect(InsecureFetching([.publicKey, .image, .http, .tls]).names == ["image", "tls", "http", "pubkey"])
    }

    @Test(arguments: [
        ("bad HTTP status code: 404", true), ("bad HTTP status code: 410", true), ("bad HTTP status code: 403", false),
        ("bad HTTP status code: 4040", false), ("", false),
    ])
    func `another server is asked where the first has nothing`(reason: String, isNotFound: Bool) {
        #expect(FetchAnswer.failure(["error downloading", reason]).isNotFound == isNotFound)
        #expect(!FetchAnswer.notModified.isNotFound)
    }

    @Test func `signatures are beside files`() {
        #expect(ImageFetcher.signaturePath(of: "/a/b.aci") == "/a/b.aci.asc")
        #expect(ImageFetcher.signaturePath(of: "/a/b") == "/a/b.aci.asc")
    }
}

@Suite struct ImageChecksTests {
    private func manifest(_ labels: [(String, String)]) throws -> ImageManifest {
        let list = labels.map { "{\"name\":\"\($0)\",\"value\":\"\($1)\"}" }.joined(separator: ",")
        let text = "{\"acKind\":\"ImageManifest\",\"acVersion\":\"0.8.11\",\"name\":\"a.com/b\",\"labels\":[\(list)]}"
        return try ImageManifest(parsing: Array(text.utf8))
    }

    @Test(
        arguments: [
            ("a.com/b", nil), ("a.com/b:1", nil), ("a.com/b:1,os=linux", nil), ("a.com/b,channel=x", nil),
            ("a.com/c", "error when reading the app name: \"a.com/c\" expected but \"a.com/b\" found"),
            (
                "a.com/b:2",
                "requested value for label \"version\": \"2\" differs from fetched aci label value: \"1\""
            ),
            ("a.com/b,arch=amd64", "requested label \"arch\" not provided by the image manifest"),
        ] as [(String, String?)])
    func `an image must have the name and the labels that were asked for`(wanted: String, message: String?) throws {
        let manifest = try manifest([("version", "1"), ("os", "linux"), ("channel", "x")])
        do {
            try checkIdentity(of: manifest, against: ImageName(parsing: wanted))
            #expect(message == nil)
        } catch let error as FetchError {
            #expect("\(error)" == message)
        }
    }
}

// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

// Release programs carry everything with them. The flags spread into test bundles, so plain builds do without.
let linksStatically = Context.environment["RKT_LINK"] == "static"

func library(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies + [system], swiftSettings: strict)
}

/// A program, and the static archives that pkg-config leaves out because shared libraries bring them along.
func program(_ name: String, _ dependencies: Target.Dependency..., archives: [String] = []) -> Target {
    let flags = ["-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections"] + archives.map { "-l\($0)" }
    return .executableTarget(
        name: name, dependencies: dependencies + [system], swiftSettings: strict,
        linkerSettings: linksStatically ? [.unsafeFlags(flags)] : [])
}

func systemLibrary(_ name: String, pkgConfig: String, apt package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

// Both sides of the stage0/stage1 border may use these. They do no policy.
let shared: [Target] = [
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    library("LinuxSystem", "CLinux"),
    library("JSON"),
    library("AppContainer", "JSON"),
    library("Stage1Interface", "AppContainer", "JSON", "LinuxSystem"),
    library("Stage2Interface", "LinuxSystem"),
]

let archiveLibraries = ["nettle", "acl", "lzma", "zstd", "lz4", "bz2", "z"]

// fetch → verify → store → render → pod → exec stage1.
let stage0: [Target] = [
    systemLibrary("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
    systemLibrary("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
    systemLibrary("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    systemLibrary("CGPGME", pkgConfig: "gpgme", apt: "libgpgme-dev"),
    library("Digests", "CCrypto", "LinuxSystem"),
    library("FetchInterface", "JSON"),
    library("Configuration", "AppContainer", "FetchInterface", "JSON", "LinuxSystem"),
    library("OCIImage", "Digests", "FetchInterface", "JSON", "LinuxSystem"),
    library("ImageArchive", "AppContainer", "CArchive", "CZlib", "CLinux", "Digests", "JSON", "LinuxSystem"),
    library(
        "ImageConvert", "AppContainer", "CLinux", "Digests", "FetchInterface", "ImageArchive", "JSON", "LinuxSystem",
        "OCIImage"),
    library("ImageTrust", "AppContainer", "FetchInterface", "JSON", "LinuxSystem"),
    library("ImageStore", "AppContainer", "CSQLite", "CLinux", "ImageArchive", "JSON", "LinuxSystem"),
    library("ImageRender", "AppContainer", "CLinux", "Digests", "ImageArchive", "ImageStore", "JSON", "LinuxSystem"),
    library("Pods", "AppContainer", "CLinux", "JSON", "LinuxSystem", "Stage1Interface"),
    library(
        "Stage0", "AppContainer", "CLinux", "Configuration", "Digests", "FetchInterface", "ImageArchive",
        "ImageConvert", "ImageRender", "ImageStore", "ImageTrust", "JSON", "LinuxSystem", "OCIImage", "Pods",
        "Stage1Interface"),
    program(
        "rkt", "AppContainer", "CLinux", "Configuration", "FetchInterface", "ImageArchive", "ImageRender", "ImageStore",
        "ImageTrust", "JSON", "LinuxSystem", "Pods", "Stage0", "Stage1Interface",
        archives: archiveLibraries),
    // What talks to strangers: a program of its own, linked with the shared libraries of the system.
    library("OpenPGP", "CGPGME", "Digests", "FetchInterface", "LinuxSystem"),
    library(
        "ImageFetch", "AppContainer", "CCurl", "CLinux", "Digests", "FetchInterface", "JSON", "LinuxSystem", "OCIImage"),
    .executableTarget(
        name: "fetch",
        dependencies: ["CLinux", "FetchInterface", "ImageFetch", "JSON", "LinuxSystem", "OpenPGP", system],
        swiftSettings: strict),
    program(
        "PackImage", "AppContainer", "ImageArchive", "JSON", "LinuxSystem", archives: archiveLibraries),
]

// Everything that runs from inside a stage1 image.
let stage1: [Target] = [
    systemLibrary("CCap", pkgConfig: "libcap", apt: "libcap-dev"),
    systemLibrary("CSeccomp", pkgConfig: "libseccomp", apt: "libseccomp-dev"),
    library(
        "Stage1Kit", "AppContainer", "CCap", "CLinux", "CSeccomp", "JSON", "LinuxSystem", "Stage1Interface",
        "Stage2Interface"),
    program("Stage1Fly", "AppContainer", "LinuxSystem", "Stage1Interface", "Stage1Kit", "Stage2Interface"),
    program(
        "Stage1Namespace", "AppContainer", "CLinux", "LinuxSystem", "Stage1Interface", "Stage1Kit", "Stage2Interface"),
    program("Stage2Exec", "CLinux", "LinuxSystem", "Stage2Interface"),
]

let testHelpers: [Target] = [
    .target(
        name: "TestSupport", dependencies: ["CLinux", system], path: "Tests/TestSupport",
        swiftSettings: strict),
    .target(name: "CInspect", path: "Tests/CInspect"),
    .executableTarget(
        name: "Inspect", dependencies: ["CInspect", "CLinux", system], path: "Tests/Inspect", swiftSettings: strict,
        linkerSettings: linksStatically
            ? [.unsafeFlags(["-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "-s"])] : []),
]

// One test target per target that decides something, named after it. RKT_TESTS=A,B builds only those.
let chosen = Context.environment["RKT_TESTS"].map { Set($0.split(separator: ",").map(String.init)) }
let withFixtures = Set([
    "ImageArchive", "ImageConvert", "ImageFetch", "ImageStore", "ImageRender", "ImageTrust", "OpenPGP", "Pods",
    "Stage0",
    "Stage1Kit",
])
let tested = [
    "LinuxSystem", "JSON", "AppContainer", "Stage1Interface", "Stage2Interface", "Configuration", "FetchInterface",
    "OCIImage", "ImageArchive", "ImageConvert", "ImageTrust", "OpenPGP", "ImageFetch", "ImageStore", "ImageRender",
    "Pods",
    "Stage0",
    "rkt", "PackImage", "Stage1Kit",
]
let unitTests: [Target] = (shared + stage0 + stage1).filter {
    tested.contains($0.name) && chosen?.contains($0.name) ?? true
}.map { target in
    .testTarget(
        name: "\(target.name)Tests",
        dependencies: target.dependencies + [.byName(name: target.name), system]
            + (withFixtures.contains(target.name) ? ["TestSupport"] : [])
            + (target.name == "ImageConvert" ? ["ImageRender", "ImageStore"] : []),
        swiftSettings: strict)
}
let integrationTests: [Target] =
    chosen?.contains("Integration") ?? true
    ? [
        .testTarget(
            name: "IntegrationTests", dependencies: ["TestSupport", "AppContainer", "JSON", "LinuxSystem", system],
            swiftSettings: strict)
    ] : []

let package = Package(
    name: "rkt",
    products: [
        .executable(name: "rkt", targets: ["rkt"]),
        .executable(name: "stage1-fly", targets: ["Stage1Fly"]),
        .executable(name: "stage1-ns", targets: ["Stage1Namespace"]),
        .executable(name: "stage2-exec", targets: ["Stage2Exec"]),
        .executable(name: "fetch", targets: ["fetch"]),
        .executable(name: "pack-image", targets: ["PackImage"]),
        .executable(name: "inspect", targets: ["Inspect"]),
    ],
    dependencies: [.package(url: "https://github.com/apple/swift-system.git", from: "1.8.1")],
    targets: shared + stage0 + stage1 + testHelpers + unitTests + integrationTests
)

// The one rule SwiftPM cannot state: nothing crosses from one side of the stage1 interface to the other.
for side in [stage0, stage1] {
    let allowed = Set((side + shared).map(\.name))
    for target in side {
        for case .byNameItem(let name, _) in target.dependencies {
            precondition(allowed.contains(name), "\(target.name) is on the other side of Stage1Interface than \(name)")
        }
    }
}

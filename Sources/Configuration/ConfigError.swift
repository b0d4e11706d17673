package import SystemPackage

/// A configuration file that is refused.
///
/// One sentence, not a chain: without the file's name, the reason is of no use to anybody.
package struct ConfigFileError: Error, Equatable, CustomStringConvertible {
    package let file: FilePath
    package let reason: String

    package var description: String { "failed to parse \"\(file)\": \(reason)" }
}

/// Why a configuration file or directory is refused, in rkt's words.
package enum ConfigError: Error, Equatable {
    case notDirectory(FilePath)
    case noKind(FilePath)
    case noVersion(FilePath)
    case unexpectedKind(String, file: FilePath, expected: [String])
    case noParser(kind: String, version: String)

    case noDomains
    case noAuthType
    case unknownAuthType(String)
    case noUser
    case noPassword
    case noToken
    case noAccessKey
    case noSecretAccessKey
    case domainRepeated(String)
    case badDomain(String)
    case controlCharacter
    case noRegistries
    case badRegistry(String)
    case badRealm(String)
    case registryRepeated(String)

    case dataNotAbsolute
    case dataRepeated
    case stage1ImagesNotAbsolute
    case stage1ImagesRepeated

    case stage1WithoutName
    case stage1WithoutVersion
    case stage1LocationRelative
    case stage1LocationScheme(String)
    case stage1Repeated
    case stage1LocationRepeated

    case unknownLimit(String)
    case limitOutOfRange(String, ClosedRange<UInt64>)
    case limitRepeated(String)
}

extension ConfigError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notDirectory(let path): "expected \"\(path)\" to be a directory"
        case .noKind(let file): "no rktKind specified in \"\(file)\""
        case .noVersion(let file): "no rktVersion specified in \"\(file)\""
        case .unexpectedKind(let kind, let file, let expected):
            "the configuration directory \"\(file.removingLastComponent())\" expects to have configuration files of "
                + "kinds \"\(expected.joined(separator: "\", \""))\", but "
                + "\"\(file.lastComponent?.string ?? "")\" has kind of \"\(kind)\""
        case .noParser(let kind, let version):
            "no parser available for configuration of kind \"\(kind)\" and version \"\(version)\""
        case .noDomains: "no domains specified"
        case .noAuthType: "no auth type specified"
        case .unknownAuthType(let type): "unknown auth type: \"\(type)\""
        case .noUser: "user not specified"
        case .noPassword: "password not specified"
        case .noToken: "no oauth bearer token specified"
        case .noAccessKey: "no AWS Access Key ID specified"
        case .noSecretAccessKey: "no AWS Secret Access Key specified"
        case .domainRepeated(let domain): "auth for domain \"\(domain)\" is already specified"
        case .badDomain(let domain): "domain \"\(domain)\" is not a host name with an optional port"
        case .controlCharacter: "credentials must not contain control characters"
        case .noRegistries: "no registries specified"
        case .badRegistry(let name): "registry \"\(name)\" is not a host name with an optional port"
        case .badRealm(let name): "realm \"\(name)\" is not a host name with an optional port"
        case .registryRepeated(let name): "credentials for docker registry \"\(name)\" are already specified"
        case .dataNotAbsolute: "data directory must be an absolute path"
        case .dataRepeated: "data directory is already specified"
        case .stage1ImagesNotAbsolute: "stage1 images directory must be an absolute path"
        case .stage1ImagesRepeated: "stage1 images directory is already specified"
        case .stage1WithoutName: "default stage1 image version is specified, but its name is not"
        case .stage1WithoutVersion: "default stage1 image name is specified, but its version is not"
        case .stage1LocationRelative:
            "default stage1 image location is either a relative path or a URL without scheme"
        case .stage1LocationScheme(let scheme):
            "default stage1 image location URL has an unsupported scheme \"\(scheme)\", allowed schemes are "
                + "\"file\", \"docker\", \"http\" and \"https\""
        case .stage1Repeated: "default stage1 image name and version are already specified"
        case .stage1LocationRepeated: "default stage1 image location is already specified"
        case .unknownLimit(let name): "unknown limit \"\(name)\""
        case .limitOutOfRange(let name, let range):
            "limit \"\(name)\" must be an integer from \(range.lowerBound) to \(range.upperBound)"
        case .limitRepeated(let name): "limit \"\(name)\" is already specified"
        }
    }
}

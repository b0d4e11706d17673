/// A rule of the appc specification that a manifest, or a flag that becomes part of one, breaks.
package enum ManifestError: Error, Equatable {
    case wrongKind(String, expected: ACKind)
    case malformedDate(String)
    case noWebAddress(String)
    case containsNUL
    case empty(String)
    case notAbsolute(String)
    case badVariableName(String)
    case badEventHandler(String)
    case portOutOfRange
    case badAddress(String)

    case labelNamedName
    case missingLabel(String)
    case badOS(String, allowed: [String])
    case badArchitecture(String, os: String, allowed: [String])

    case duplicate(String, name: String)
    case duplicateApp(ACName)
    case duplicateVolume(ACName)
    case noImageID(ACName)

    case volumeKind
    case hostVolumeSourceNotAbsolute
    case emptyVolumeHasSource
    case hostVolumeHas(String)
    case badVolumeMode(String, volume: ACName)
    case idOutOfRange(String)

    case invalidIsolator(String)
    case incompatibleIsolators
    case tooManyIsolators(String)
    case invalidIsolatorValue(String)

    case malformedAppString(String)
    case labelWithoutValue(String, in: String)
    case repeatedLabel(String, values: [String])
    case unknownParameter(String, of: String)
    case badParameter(String, value: String, wanted: String)
    case badMountVolume(String, flag: String, reason: String)
    case badPortFlag(String, wanted: String)
}

extension ManifestError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongKind(let kind, let expected): "bad ACKind: \(kind) (must be \(expected.rawValue))"
        case .malformedDate(let text): "'\(text)' is no time of the form 2006-01-02T15:04:05Z"
        case .noWebAddress(let text): "'\(text)' is no http or https URL"
        case .containsNUL: "must not contain a NUL byte"
        case .empty(let what): "\(what) cannot be empty"
        case .notAbsolute(let path): "'\(path)' must be an absolute path"
        case .badVariableName(let name):
            "variable name '\(name)' must be letters, digits and _.- and start with a letter or underscore"
        case .badEventHandler(let name): "bad eventHandler name \(quoted(name)) (must be pre-start or post-stop)"
        case .portOutOfRange: "ports must be in the range 1 to 65535"
        case .badAddress(let text): "'\(text)' is no IP address"

        case .labelNamedName: "\"name\" is not a valid label name"
        case .missingLabel(let name): "missing \(name) label in the image manifest"
        case .badOS(let name, let allowed):
            "bad os \(quoted(name)) (must be one of: [\(allowed.joined(separator: " "))])"
        case .badArchitecture(let name, let os, let allowed):
            "bad arch \(quoted(name)) for \(os) (must be one of: [\(allowed.joined(separator: " "))])"

        case .duplicate(let what, let name): "duplicate \(what) '\(name)'"
        case .duplicateApp(let name): "multiple apps with same name \(name)"
        case .duplicateVolume(let name): "duplicate volume name \(quoted(name.rawValue))"
        case .noImageID(let name): "no image ID for app \(quoted(name.rawValue))"

        case .volumeKind: "unrecognized volume kind: should be one of \"empty\", \"host\""
        case .hostVolumeSourceNotAbsolute: "source for host volume must be absolute path"
        case .emptyVolumeHasSource: "source for empty volume must be empty"
        case .hostVolumeHas(let field): "\(field) for host volume cannot be set"
        case .badVolumeMode(let mode, let volume):
            "invalid mode \(quoted(mode)) for volume \(quoted(volume.rawValue))"

        case .idOutOfRange(let key): "\(key) must be an integer from 0 to 4294967294"

        case .invalidIsolator(let name): "invalid isolator '\(name)'"
        case .incompatibleIsolators: "isolators set contains incompatible types"
        case .tooManyIsolators(let name): "isolators set contains more than one '\(name)'"
        case .invalidIsolatorValue(let why): "invalid isolator: \(why)"

        case .malformedAppString(let why): "malformed app string - \(why)"
        case .labelWithoutValue(let part, let whole):
            "malformed string \(quoted(whole)) - has a label without a value: \(part)"
        case .repeatedLabel(let name, let values):
            "label \(name) with multiple values [\(values.map(quoted).joined(separator: " "))]"
        case .unknownParameter(let name, let of): "unknown \(of) parameter \(quoted(name))"
        case .badParameter(let name, let value, let wanted): "\(name) must be \(wanted), not '\(value)'"
        case .badMountVolume(let name, let flag, let reason):
            "invalid volume name \(quoted(name)) in --mount flag \(quoted(flag)): \(reason)"
        case .badPortFlag(let text, let wanted): "\(quoted(text)) is not \(wanted)"
        }
    }
}

/// Refuses text that the kernel would cut off at a NUL byte, so that what is checked is what is used.
func checkNoNUL(_ text: String) throws(ManifestError) {
    if text.utf8.contains(0) { throw .containsNUL }
}

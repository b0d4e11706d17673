import AppContainer
import FetchInterface

/// Checks that an image is the one that was asked for: its name, and every label of the request.
///
/// Source: rkt 1.30.0, rkt/image/validator.go, except that this is done without signatures, too.
func checkIdentity(of manifest: ImageManifest, against wanted: ImageName) throws(FetchError) {
    guard manifest.name == wanted.name else { throw .otherName(found: manifest.name, wanted: wanted.name) }
    for label in wanted.labels.entries {
        guard let found = manifest.labels[label.name.rawValue] else { throw .missingLabel(label.name.rawValue) }
        guard found == label.value else {
            throw .otherLabel(label.name.rawValue, found: found, wanted: label.value)
        }
    }
}

extension FetchAnswer {
    /// Whether the server has nothing there, so that another one may.
    var isNotFound: Bool {
        guard case .failure(let sentences) = self, let last = sentences.last else { return false }
        return ["404", "410"].contains { last.hasSuffix("bad HTTP status code: \($0)") }
    }

    /// What the user is told about a failure; empty for none.
    var reason: String {
        guard case .failure(let sentences) = self else { return "" }
        return sentences.last ?? ""
    }
}

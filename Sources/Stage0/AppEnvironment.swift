/// Variables by name, in the order in which the names came first.
///
/// Source: rkt 1.30.0, stage0/run.go, `MergeEnvs`: inherited, only where nothing else sets them, then the image, then
/// `--environment`, `--set-env-file`, `--set-env`.
struct AppEnvironment {
    private(set) var variables: [(name: String, value: String)] = []
    private var positions: [String: Int] = [:]

    mutating func set(_ others: [(name: String, value: String)]) {
        for (name, value) in others {
            if let position = positions[name] {
                variables[position].value = value
            } else {
                positions[name] = variables.count
                variables.append((name, value))
            }
        }
    }

    mutating func setMissing(_ others: [(name: String, value: String)]) {
        set(others.filter { positions[$0.name] == nil })
    }
}

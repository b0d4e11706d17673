import Stage1Kit

/// The flavor without isolation: one app, in a root of its own, and otherwise a process of the host.
///
/// The file to read first for whoever makes a flavor: `Run.swift` is the least that one needs.
@main
struct EntryPoints {
    static func main() {
        dispatchEntryPoint(["run": run, "enter": enter, "stop": stop, "gc": collectGarbage])
    }
}

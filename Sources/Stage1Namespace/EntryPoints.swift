import Stage1Kit

/// The default flavor: namespaces and cgroups made by ourselves, with or without systemd on the host.
@main
struct EntryPoints {
    static func main() {
        dispatchEntryPoint([
            "run": run, "enter": enter, "stop": stop, "gc": collectGarbage, "compile-filters": compileFilters,
            "app-add": addApp, "app-start": startApp, "app-stop": stopApp, "app-rm": removeApp,
            "attach": attach,
        ])
    }
}

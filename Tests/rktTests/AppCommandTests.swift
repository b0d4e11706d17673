import AppContainer
import Testing

@testable import rkt

@Suite struct AppCommandTests {
    @Test func `a volume of an app alone is told in one flag`() throws {
        let mount = try Mount(parsingVolumeFlag: "name=data,kind=host,source=/srv,target=/data,readOnly=true")
        #expect(mount.path == "/data")
        #expect(mount.appVolume?.kind == .host(source: "/srv"))
        #expect(mount.appVolume?.readOnly == true)
        let empty = try Mount(parsingVolumeFlag: "name=a,kind=empty,mode=0700,target=/a")
        #expect(empty.appVolume?.permissions == 0o700)
        for wrong in ["name=a,kind=host,source=/srv", "kind=empty,target=/a", "name=a,kind=nothing,target=/a", "a"] {
            #expect(message { _ = try Mount(parsingVolumeFlag: wrong) } != nil, "\(wrong)")
        }
    }

    @Test func `a sandbox takes networks by value only`() throws {
        #expect(try parse(appSandboxCommand, ["--net", "none"]).options.networks == ["none"])
        #expect(message { _ = try parse(appSandboxCommand, ["--net"]) } == "flag needs an argument: --net")
        #expect(message { _ = try parse(appSandboxCommand, ["--interactive"]) } == "unknown flag: --interactive")
        let words = try parse(appSandboxCommand, ["--user-label=a=1", "--annotation=example.com/x=2"]).options
        #expect(words.podUserLabels.map(\.0) == ["a"] && words.podAnnotations.map(\.1) == ["2"])
        #expect(message { _ = try parse(appSandboxCommand, ["--user-label=a=1", "--user-label=a=2"]) } != nil)
    }

    @Test func `what is missing is said in the words of the original`() {
        #expect(Outcome("app", "add", "x").errorOutput == "add: must provide the pod UUID and an IMAGEID\n")
        #expect(Outcome("app", "start", "x").errorOutput == "start: must provide the app to start\n")
        #expect(Outcome("app", "stop", "x").errorOutput == "stop: must provide the app to remove\n")
        #expect(Outcome("app", "rm", "x").errorOutput == "rm: must provide the app to remove\n")
        #expect(Outcome("app", "list").status == 1)
        #expect(Outcome("app", "status", "x").status == 1)
        #expect(Outcome("app", "sandbox", "x").status == 1)
        #expect(Outcome("app", "--help").output.contains("sandbox"))
    }

    @Test func `Go prints times that nobody formats to the nanosecond`() {
        #expect(fullTime(1_500_000_000_123_456_780).contains(".12345678 "))
        #expect(!fullTime(1_500_000_000_000_000_000).contains("."))
        #expect(absoluteTime(1_500_000_000_120_999_999).contains(".12 "))
    }
}

@main
enum Fetch {
    static func main() {}
}

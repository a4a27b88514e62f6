// Linked with the whole of one layer and nothing above it: a symbol that the layer must not need is undefined here.
int main() { return 0; }

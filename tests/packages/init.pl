# The first process of a chroot's own process namespace (perl is what a bare Debian has). It starts a command,
# takes in every process that has lost its parent, writes down how each ended, and ends all when its standard
# input does: that is a pipe which a test holds, so nothing outlives the test, however it ends.
use strict;
use warnings;
use IO::Handle;
use POSIX ":sys_wait_h";

my ($ended, @command) = @ARGV;
open(my $list, ">", $ended) or die "$ended: $!";
$list->autoflush(1);
my $first = fork();
if (!$first) {
    open(STDIN, "<", "/dev/null");
    exec(@command) or exit(127);
}
while (1) {
    while ((my $pid = waitpid(-1, WNOHANG)) > 0) {
        my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        print $list "$pid $code\n";
        exit($code) if $pid == $first;
    }
    my $ready = "";
    vec($ready, 0, 1) = 1;
    exit(125) if select($ready, undef, undef, 0.02) > 0 && !sysread(STDIN, my $byte, 1);
}

using System.Net;
using ArdorQr.Webhooks.Domain;
using CsCheck;

namespace ArdorQr.Webhooks.Tests.Domain;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")] // IPv4-compatible.
    [InlineData("::ffff:127.0.0.1")] // Mapped.
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:0:10.0.0.1")] // Translated.
    [InlineData("64:ff9b::10.0.0.1")] // NAT64.
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b:1::10.0.0.1")] // NAT64 of a local network.
    [InlineData("100::1")] // Discard.
    [InlineData("2001::1")] // Teredo.
    [InlineData("2001:2::1")] // Benchmarks.
    [InlineData("2001:10::1")] // ORCHID.
    [InlineData("2001:db8::1")] // Documentation.
    [InlineData("3fff::1")]
    [InlineData("2002:7f00:1::1")] // 6to4 of 127.0.0.1.
    [InlineData("2002:a00:1::1")]
    [InlineData("2a02:6b8::5efe:10.0.0.1")] // ISATAP.
    [InlineData("2a02:6b8::200:5efe:169.254.169.254")]
    [InlineData("5f00::1")] // Segment routing.
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")] // Metadata.
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Addresses_of_no_public_host_are_refused(string address) =>
        Assert.False(AddressRules.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("77.88.8.8")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2a02:6b8::5efe:8.8.8.8")]
    [InlineData("2a02:6b8::feed:0ff")]
    [InlineData("2606:4700:4700::1111")]
    public void Addresses_of_public_hosts_are_allowed(string address) =>
        Assert.True(AddressRules.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void A_mapped_address_is_judged_as_the_address_that_it_stands_for() =>
        Gen.UInt.Sample(bits =>
        {
            var address = new IPAddress(BitConverter.GetBytes(bits));
            Assert.Equal(AddressRules.IsPublic(address), AddressRules.IsPublic(address.MapToIPv6()));
        });
}

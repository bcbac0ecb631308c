using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>That the tests notice when an answer or a webhook and the contract part.</summary>
public sealed class ContractHandlerTests
{
    private const string Contract =
        """
        {
          "paths": { "/v1/things/{id}": { "get": { "responses": {
            "200": { "headers": { "X-Request-Id": {} }, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
            "404": { "$ref": "#/components/responses/Error" } } } } },
          "webhooks": { "thing.made": { "post": {
            "parameters": [{ "$ref": "#/components/parameters/Signature" }],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } } } } },
          "components": {
            "parameters": { "Signature": { "name": "X-Signature", "in": "header", "required": true } },
            "responses": { "Error": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } } },
            "schemas": {
              "Thing": { "type": "object", "required": ["id", "at"], "properties": {
                "id": { "type": "string", "format": "uuid" }, "at": { "type": ["string", "null"], "format": "date-time" } } },
              "Error": { "type": "object", "required": ["error"], "properties": { "error": { "type": "object", "required": ["code"] } } }
            }
          }
        }
        """;

    [Theory] // path, status, body, whether it is as agreed
    [InlineData("/v1/things/1", 200, """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null}""", true)]
    [InlineData("/v1/things/1", 200, """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":"2026-01-01T00:00:00Z"}""", true)]
    [InlineData("/v1/things/1", 404, """{"error":{"code":"not_found"}}""", true)]
    [InlineData("/v1/unknown", 404, """{"error":{"code":"not_found"}}""", true)]
    [InlineData("/v1/things/1", 200, """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11"}""", false)]
    [InlineData("/v1/things/1", 200, """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null,"extra":1}""", false)]
    [InlineData("/v1/things/1", 200, """{"id":"7","at":null}""", false)]
    [InlineData("/v1/things/1", 200, """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":"yesterday"}""", false)]
    [InlineData("/v1/things/1", 418, """{"error":{"code":"teapot"}}""", false)]
    [InlineData("/v1/unknown", 200, """{}""", false)]
    [InlineData("/v1/things/1", 404, """{"message":"no"}""", false)]
    public async Task An_answer_is_as_the_contract_says_or_the_test_fails(string path, int status, string body, bool isAsAgreed)
    {
        using var client = new HttpClient(new ContractHandler(new Answers(status, body))) { BaseAddress = new Uri("http://127.0.0.1") };
        var failure = await Record.ExceptionAsync(() => client.GetAsync(path, TestContext.Current.CancellationToken));

        Assert.Equal(isAsAgreed, failure is null);
    }

    [Theory] // type, header, body, whether it is as agreed
    [InlineData("thing.made", "x-signature", """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null}""", true)]
    [InlineData("thing.lost", "x-signature", """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null}""", false)]
    [InlineData("thing.made", "x-other", """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null}""", false)]
    [InlineData("thing.made", "x-signature", """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11"}""", false)]
    [InlineData("thing.made", "x-signature", """{"id":"0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11","at":null,"extra":1}""", false)]
    public void A_webhook_is_as_the_contract_says_or_has_faults(string type, string header, string body, bool isAsAgreed)
    {
        var contract = new PublishedContract(JsonNode.Parse(Contract)!.AsObject());

        Assert.Equal(isAsAgreed, !contract.FaultsOfWebhook(type, [header], body).Any());
    }

    private sealed class Answers(int status, string body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isContract = request.RequestUri!.AbsolutePath == "/openapi.json";
            var response = new HttpResponseMessage(isContract ? HttpStatusCode.OK : (HttpStatusCode)status)
            {
                Content = new StringContent(isContract ? Contract : body, Encoding.UTF8, "application/json"),
            };
            response.Headers.Add("X-Request-Id", "x");
            return Task.FromResult(response);
        }
    }
}
